// Once, when the page is loaded, and whenever something is added to it: what gradio leaves out for keyboards and screen
// readers. It gives every radio button a name of its own: with one name for a group, Tab stops once and arrows move in it.
// A group is named by the words above its buttons.
() => {
    const join = () => document.querySelectorAll('fieldset:has(input[type=radio])').forEach((group, index) => {
        const title = group.querySelector('[data-testid=block-info]');
        if (title && !group.hasAttribute('aria-labelledby')) {
            title.id = title.id || `group-${index}`;
            group.setAttribute('aria-labelledby', title.id);
        }
        group.querySelectorAll('input[type=radio]').forEach((input) => {
            const name = `${group.id || index}-choice`;
            if (input.name !== name) input.name = name;
        });
    });
    const quiet = () => document.querySelectorAll('footer button img').forEach((icon) => {
        if (icon.alt) icon.alt = '';  // the button's own words say it already
    });
    const reach = () => document.querySelectorAll('.katex-display').forEach((formula) => {
        formula.tabIndex = 0;  // it scrolls sideways where it is wider than the page, by keyboard too
    });
    const mend = () => { join(); quiet(); reach(); };
    mend();
    new MutationObserver(mend).observe(document.body, {childList: true, subtree: true});
}
