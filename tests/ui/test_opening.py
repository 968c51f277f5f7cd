"""The result that the page opens with."""

from vqa.ui.gallery import Gallery, load_examples
from vqa.ui.opening import Opening
from vqa.ui.visit import MapView, Visit


def opening(predictor, examples, gpu=lambda handler: handler) -> Opening:
    return Opening(predictor, Gallery(predictor, examples), MapView(), gpu)


def test_the_model_answers_once_and_all_visitors_start_from_that(tiny_predictor):
    examples, lent = load_examples(), []

    def gpu(handler):
        return lambda: lent.append(1) or handler()

    first = opening(tiny_predictor, examples, gpu)
    visit = first.visit()
    calls = dict(tiny_predictor.calls)
    assert first.visit() is visit and tiny_predictor.calls == calls and lent == [1]
    assert visit.example == examples[0].name and visit.turn.question == examples[0].questions[0].question
    expected = tiny_predictor.ask(examples[0].path, visit.turn.question)
    assert visit.turn.predictions["aligned"].top == expected.top and set(visit.explanations) == {"aligned"}


def test_without_examples_the_page_opens_empty(tiny_predictor):
    assert opening(tiny_predictor, []).visit() == Visit()


def test_an_example_has_its_own_questions_and_an_upload_others(tiny_predictor, photo):
    example = load_examples()[1]
    begun = opening(tiny_predictor, [example]).of_example(example)
    assert (begun.example, begun.suggestions) == (example.name, example.questions)
    mine = opening(tiny_predictor, [example]).of_upload(photo, "mine", "where it lies")
    assert (mine.example, mine.name, mine.sent) == ("", "mine", "where it lies") and begun.sent == example.name
    assert mine.suggestions and mine.suggestions != example.questions
