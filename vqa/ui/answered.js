// After an answer: it is announced, the address becomes a link to it, and on a narrow screen it comes into sight.
() => {
    const asked = document.querySelector('#answers [data-say]');
    let live = document.getElementById('live');
    if (!live) {
        live = document.createElement('p');
        live.id = 'live';
        live.setAttribute('role', 'status');
        live.setAttribute('aria-live', 'polite');
        document.querySelector('.gradio-container').append(live);
    }
    const link = document.querySelector('#answers [data-link]');
    const address = link && !link.hidden ? link.getAttribute('href') : window.location.pathname;
    window.history.replaceState(null, '', address);
    if (!asked) return;
    live.textContent = asked.dataset.say;
    const stage = document.getElementById('stage');
    if (window.innerWidth < 768 && stage) stage.scrollIntoView({block: 'start'});
}
