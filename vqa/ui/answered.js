// After an answer: it is announced, the address becomes a link to it, and on a narrow screen it comes into sight, but not
// the one with which the page opens.
// The question's box and the model's button follow what is shown, but never replace what the visitor typed or chose.
(question, variant) => {
    const asked = document.querySelector('#answers h3.asked');
    let live = document.getElementById('live');
    const opening = !live;
    if (opening) {
        live = document.createElement('p');
        live.id = 'live';
        live.setAttribute('role', 'status');
        live.setAttribute('aria-live', 'polite');
        live.dataset.question = '';
        live.dataset.variant = variant;
        document.querySelector('.gradio-container').append(live);
    }
    const link = document.querySelector('#answers [data-link]');
    const address = link && !link.hidden ? link.getAttribute('href') : window.location.pathname;
    window.history.replaceState(null, '', address);
    const before = {...live.dataset};
    live.dataset.question = asked ? asked.textContent : '';
    if (asked) {
        live.dataset.variant = asked.dataset.variant;
        live.textContent = asked.dataset.say;
        const stage = document.getElementById('stage');
        if (!opening && window.innerWidth < 768 && stage) stage.scrollIntoView({block: 'start'});
    }
    const follow = (now, was, shown) => now === was ? shown : now;
    return [
        follow(question, before.question, live.dataset.question),
        follow(variant, before.variant, live.dataset.variant),
    ];
}
