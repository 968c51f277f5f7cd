"""Work that can be watched."""

from vqa.common.steps import finish


def test_a_generator_is_run_to_its_end():
    seen = []

    def work():
        for step in range(3):
            seen.append(step)
            yield step
        return "done"

    assert finish(work()) == "done" and seen == [0, 1, 2]
