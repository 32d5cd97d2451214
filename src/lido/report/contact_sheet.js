// Plays the samples of a contact sheet, filters and enlarges them, and writes marked ones as lines
// for a labels file. Each figure's data attributes are what contact_sheet.cpp writes.
'use strict';
const $ = selector => document.querySelector(selector);
const figures = [...document.querySelectorAll('figure')];
const labelsOf = figure => JSON.parse(figure.dataset.labels);
const nameOf = ([task, label]) => `${task}: ${label}`;
const captionOf = figure => figure.querySelector('figcaption');
const NO_LABEL = 'no label';

// A film: an image whose tiles are the frames of a sample, row by row, in a box that shows one.
function showFrame(film, frame) {
  const columns = +film.dataset.columns;
  const image = film.querySelector('img');
  image.style.left = `${-100 * (frame % columns)}%`;
  image.style.top = `${-100 * Math.floor(frame / columns)}%`;
}
const timers = new Map();
function play(film) {
  if (timers.has(film)) return;
  let frame = 0;
  const next = () => showFrame(film, frame++ % +film.dataset.frames);
  next();
  timers.set(film, setInterval(next, +film.dataset.stepMs));
}
function stop(film) {
  clearInterval(timers.get(film));
  timers.delete(film);
}

// Filters.
function fill(select, names) {
  for (const name of [...new Set(names)].sort()) select.add(new Option(name, name));
}
function isShown(figure) {
  const names = labelsOf(figure).map(nameOf);
  const label = $('#label').value;
  return (!$('#split').value || figure.dataset.split === $('#split').value)
    && (!label || (label === NO_LABEL ? names.length === 0 : names.includes(label)))
    && (!$('#only-marked').checked || mark(figure).checked)
    && captionOf(figure).textContent.toLowerCase().includes($('#text').value.toLowerCase());
}
function filter() {
  let shown = 0;
  for (const figure of figures) {
    figure.hidden = !isShown(figure);
    shown += figure.hidden ? 0 : 1;
  }
  $('#shown').textContent = `${shown} of ${figures.length} shown`;
  playAll();
}
function playAll() {
  for (const figure of figures) {
    const film = figure.querySelector('.film');
    if ($('#play').checked && !figure.hidden) play(film);
    else stop(film);
  }
}

// Marked samples, as lines for a labels file.
const mark = figure => figure.querySelector('input');
const quoted = value => `"${String(value).replaceAll('"', '""')}"`;
function markedLines() {
  const lines = ['clip,start_s,end_s,task,label'];
  for (const figure of figures.filter(each => mark(each).checked)) {
    const { clip, start, end } = figure.dataset;
    const labels = labelsOf(figure);
    for (const label of labels.length ? labels : [['', '']])
      lines.push([clip, start, end, ...label].map(quoted).join(','));
  }
  return lines.join('\n') + '\n';
}
function download() {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([markedLines()], { type: 'text/csv' }));
  link.download = 'marked.csv';
  link.click();
  URL.revokeObjectURL(link.href);
}

// One sample in large.
const dialog = $('dialog');
let large;
function enlarge(figure) {
  large = figure;
  const film = figure.querySelector('.film').cloneNode(true);
  film.tabIndex = -1;
  const old = dialog.querySelector('.film');
  if (old) stop(old);
  $('#large').replaceChildren(film, captionOf(figure).cloneNode(true));
  play(film);
  if (!dialog.open) dialog.showModal();
}
function step(by) {
  const shown = figures.filter(figure => !figure.hidden);
  enlarge(shown[(shown.indexOf(large) + by + shown.length) % shown.length]);
}

fill($('#split'), figures.map(figure => figure.dataset.split));
fill($('#label'), figures.flatMap(figure => labelsOf(figure).map(nameOf)));
if (figures.some(figure => labelsOf(figure).length === 0)) fill($('#label'), [NO_LABEL]);
for (const control of ['#split', '#label', '#text', '#only-marked']) $(control).oninput = filter;
$('#play').oninput = playAll;
$('#download').onclick = download;
$('#previous').onclick = () => step(-1);
$('#next').onclick = () => step(1);
dialog.onclose = () => stop(dialog.querySelector('.film'));
dialog.onkeydown = event => {
  if (event.key === 'ArrowLeft') step(-1);
  else if (event.key === 'ArrowRight') step(1);
};
for (const figure of figures) {
  const film = figure.querySelector('.film');
  const pause = () => { if (!$('#play').checked) stop(film); };
  film.onclick = () => enlarge(figure);
  film.onpointerenter = film.onfocus = () => play(film);
  film.onpointerleave = film.onblur = pause;
  mark(figure).oninput = () => {
    const marked = figures.filter(each => mark(each).checked).length;
    $('#download').disabled = marked === 0;
    $('#download').textContent = `Download ${marked} marked`;
    if ($('#only-marked').checked) filter();
  };
}
filter();
