// A picture is a grid of spots: a click or the Enter key reads one, arrow keys move the marker. Comes after choices.js.
const places = (picture) => {
    const style = getComputedStyle(picture);
    return ['--rows', '--columns', '--row', '--column'].map((key) => parseInt(style.getPropertyValue(key)));
};
const save = (button) => {
    const link = document.createElement('a');
    link.href = button.closest('figure').querySelector('.picture img').src;
    link.download = button.dataset.save;
    link.click();
};
element.addEventListener('click', (event) => {
    const button = event.target.closest('[data-save]');
    if (button) save(button);
    const picture = event.target.closest('[data-grid]');
    if (!picture) return;
    const [rows, columns] = places(picture);
    const box = picture.querySelector('img').getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top) / box.height * rows);
    const column = Math.floor((event.clientX - box.left) / box.width * columns);
    trigger('click', {pick: `spot:${row},${column}`});
});
element.addEventListener('keydown', (event) => {
    const picture = event.target.closest('[data-grid]');
    if (!picture) return;
    const [rows, columns, row, column] = places(picture);
    const step = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key];
    if (step) {
        event.preventDefault();
        picture.classList.add('marked');
        picture.style.setProperty('--row', Math.min(Math.max(row + step[0], 0), rows - 1));
        picture.style.setProperty('--column', Math.min(Math.max(column + step[1], 0), columns - 1));
    } else if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault();
        trigger('click', {pick: `spot:${row},${column}`});
    }
});
