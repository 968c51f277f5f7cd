// Reports what was picked as an event's data.
element.addEventListener('click', (event) => {
    const button = event.target.closest('[data-pick]');
    if (button) trigger('click', {pick: button.dataset.pick});
});
