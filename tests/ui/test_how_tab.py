"""The walk through the model, in a real browser."""

from tests.browser import Visitor, browser, served
from vqa.ui.how_steps import STEPS


def test_a_visitor_walks_an_example_through_the_model(tiny_predictor):
    with served(tiny_predictor) as address, browser() as chromium:
        context = chromium.new_context(viewport={"width": 768, "height": 900}, locale="zh-CN")
        visitor = Visitor(context, address)
        page = visitor.page
        page.get_by_role("tab", name="提问").first.wait_for()  # the page speaks Chinese
        visitor.open_tab("工作原理")
        for number in range(1, len(STEPS) + 1):
            page.locator(f"#how-{number}").wait_for()
            page.wait_for_function(f"document.querySelector('#how-{number}').innerText.length > 40")
            assert visitor.overflow() <= 0
            assert page.locator(f"#how-{number} img:not([alt])").count() == 0
            if number < len(STEPS):
                page.locator(f"#walk-{number}-{number + 1}").click()
        page.locator(f"#walk-{len(STEPS)}-{len(STEPS) - 1}").click()
        page.locator(f"#how-{len(STEPS) - 1}").wait_for()
        visitor.pick("language", "English")
        page.locator(f"#how-{len(STEPS) - 1}", has_text="How far each word was turned").wait_for()
        page.locator("#formulas .katex").first.wait_for()
        context.close()
    assert visitor.errors == [] and visitor.foreign == []
