"""Whose visit is kept in memory: the photograph of whoever was here last, however many others come and go."""

from collections import Counter
from datetime import datetime

from gradio.state_holder import SessionState, StateHolder

from vqa.ui.held import Held
from vqa.ui.visit import Visit

WITH_PHOTOGRAPH = 100  # visits with a photograph, about 4 MB each
WITHOUT = 200  # other sessions; the queue holds fewer


class Sessions(StateHolder):
    """Counts sessions with a photograph of their own apart from others, and of each kind forgets who was away longest.

    Every call of the API is a session for gradio, and every opening of the page: counted together, a hundred of them
    would take an active visitor's photograph. The visit that the page opens with is one and the same for all, and
    takes no room.
    """

    def __init__(self, with_photograph: int = WITH_PHOTOGRAPH, without: int = WITHOUT):
        super().__init__()
        self.with_photograph, self.without = with_photograph, without

    def __getitem__(self, session_id: str) -> SessionState:
        with self.lock:
            state = self.session_data.get(session_id) or SessionState(self.blocks)
            self.session_data[session_id] = state
            self.session_data.move_to_end(session_id)
            self.time_last_used[session_id] = datetime.now()
            own = self._with_own_photograph()
            others = [name for name in self.session_data if name not in own]
            for kept, most in ((own, self.with_photograph), (others, self.without)):
                for name in kept[:-most]:
                    del self.session_data[name], self.time_last_used[name]
            return state

    def _with_own_photograph(self) -> list[str]:
        """The sessions whose visit is theirs alone and has a photograph, longest unused first."""
        visits = {name: _visit(state) for name, state in self.session_data.items()}
        held = Counter(id(visit) for visit in visits.values())
        return [name for name, visit in visits.items() if visit is not None and held[id(visit)] == 1]


def _visit(state: SessionState) -> Visit | None:
    """The visit with a photograph that a session holds."""
    visits = [value.visit for value in list(state.state_data.values()) if isinstance(value, Held)]
    return next((visit for visit in visits if visit.photo is not None), None)
