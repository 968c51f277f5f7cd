// A picture is a grid of spots: a click or the Enter key reads one, arrow keys move the marker. Comes after choices.js.
const places = (picture) => {
    const style = getComputedStyle(picture);
    return ['--rows', '--columns', '--row', '--column'].map((key) => parseInt(style.getPropertyValue(key)));
};
// A figure to keep: the SVG that came with the picture, with the picture inside; PNG is that SVG, drawn.
const offer = (address, name) => {
    const link = document.createElement('a');
    link.href = address;
    link.download = name;
    link.click();
};
const save = (button) => {
    const figure = button.closest('figure');
    const svg = figure.dataset.svg.replace('{image}', figure.querySelector('.picture img').src);
    const address = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(svg);
    if (button.dataset.save.endsWith('.svg')) return offer(address, button.dataset.save);
    const drawn = new Image();
    drawn.onload = () => {
        const canvas = document.createElement('canvas');
        canvas.width = drawn.width;
        canvas.height = drawn.height;
        canvas.getContext('2d').drawImage(drawn, 0, 0);
        offer(canvas.toDataURL('image/png'), button.dataset.save);
    };
    drawn.src = address;
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
