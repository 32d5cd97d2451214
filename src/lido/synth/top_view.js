// Plays a stretch of a simulated day: the pool from above, and each camera's clip with boxes.
// DATA is what top_view.cpp writes.
'use strict';
const $ = selector => document.querySelector(selector);
const COLOURS = {
  none: '#0b7fab',
  distress: '#e07b00',
  drowning: '#c1121f',
  fallen: '#8661c1',
  alone: '#ffd23f',
};
const INK = '#12263a';
const DURATION_S = DATA.to - DATA.from;
const MAX_DRIFT_S = 0.15;
const pool = DATA.pool;

const two = value => String(Math.floor(value)).padStart(2, '0');
const clock = s => [Math.floor(s) / 3600, Math.floor(s) / 60 % 60, Math.floor(s) % 60]
  .map(two).join(':');
const words = name => name.replaceAll('_', ' ');

// Markup made by html``. Values in such a template are escaped, except other markup.
class Markup {
  constructor(text) { this.text = text; }
}
const escaped = value => value instanceof Markup ? value.text
  : String(value).replace(/[&<>"']/g, letter => `&#${letter.charCodeAt(0)};`);
const html = (parts, ...values) => new Markup(parts.reduce(
  (text, part, i) => text + [values[i - 1]].flat().map(escaped).join('') + part));
const show = (element, markup) => { element.innerHTML = markup.text; };
const dot = danger => html`<i class="dot" style="background:${COLOURS[danger] || INK}"></i>`;

// The map.
const map = $('#map');
const brush = map.getContext('2d');
const xs = pool.outline.map(p => p[0]);
const ys = pool.outline.map(p => p[1]);
const margin = pool.deck + 0.3;
const x0 = Math.min(...xs) - margin, x1 = Math.max(...xs) + margin;
const y0 = Math.min(...ys) - margin, y1 = Math.max(...ys) + margin;
let scale = 1;  // device pixels a metre
let dpr = 1;    // device pixels a CSS pixel
const toX = x => (x - x0) * scale;
const toY = y => map.height - (y - y0) * scale;

function fitMap() {
  dpr = window.devicePixelRatio || 1;
  map.width = Math.round(map.clientWidth * dpr);
  scale = map.width / (x1 - x0);
  map.height = Math.round((y1 - y0) * scale);
}

function drawPool() {
  brush.fillStyle = '#d8d2c4';
  brush.fillRect(0, 0, map.width, map.height);
  brush.beginPath();
  pool.outline.forEach((p, i) => {
    if (i) brush.lineTo(toX(p[0]), toY(p[1]));
    else brush.moveTo(toX(p[0]), toY(p[1]));
  });
  brush.closePath();
  const water = brush.createLinearGradient(toX(0), 0, toX(Math.max(...xs)), 0);
  water.addColorStop(0, '#9bdcf0');
  water.addColorStop(1, '#3f9fc8');
  brush.fillStyle = water;
  brush.fill();
  brush.lineWidth = 3 * dpr;
  brush.strokeStyle = '#f7f7f4';
  brush.stroke();
  brush.fillStyle = '#6b6252';
  const side = 8 * dpr;
  for (const p of pool.ways_in) {
    brush.fillRect(toX(p[0]) - side / 2, toY(p[1]) - side / 2, side, side);
  }
}

function drawPerson([id, x, y, mouth, heading, behaviour, danger]) {
  const radius = Math.max(scale * 0.16 * DATA.people[id].stature / 1.7, 4 * dpr);
  // The colour of a danger is never mixed with the water's.
  brush.fillStyle = COLOURS[danger];
  brush.strokeStyle = INK;
  brush.lineWidth = dpr;
  brush.beginPath();
  brush.arc(toX(x), toY(y), radius, 0, 7);
  brush.fill();
  brush.stroke();
  if (mouth < 0) {
    brush.lineWidth = 2.5 * dpr;
    brush.strokeStyle = '#fff';
    brush.beginPath();
    brush.arc(toX(x), toY(y), radius + 2.5 * dpr, 0, 7);
    brush.stroke();
  }
  brush.lineWidth = 2.5 * dpr;
  brush.strokeStyle = INK;
  brush.beginPath();
  brush.moveTo(toX(x), toY(y));
  brush.lineTo(toX(x) + 1.4 * radius * Math.cos(heading),
    toY(y) - 1.4 * radius * Math.sin(heading));
  brush.stroke();
  brush.fillStyle = INK;
  // A narrow page has room for numbers alone; the table below names what people do.
  const name = map.clientWidth < 600 ? id : `${id} ${words(DATA.behaviours[behaviour])}`;
  brush.fillText(name, toX(x) + radius + 4 * dpr, toY(y) - radius);
}

function peopleAt(time) {
  const first = DATA.times[0] - DATA.from;
  const last = DATA.times.length - 1;
  return DATA.frames[Math.min(last, Math.max(0, Math.floor((time - first) * DATA.rate + 1e-6)))];
}

function drawMap(people) {
  drawPool();
  brush.font = `${12 * dpr}px system-ui, sans-serif`;
  for (const person of people) drawPerson(person);
}

function listPeople(people) {
  const rows = people.map(([id, , , mouth, , behaviour, danger]) => html`<tr><td>${id}<td>${
    DATA.people[id].group}<td>${words(DATA.behaviours[behaviour])}<td>${dot(danger)}${
    danger}<td>${mouth.toFixed(2)} m`);
  show($('#people'), html`<tr><th>person<th>age group<th>behaviour<th>danger<th>mouth above water${
    rows}`);
}

// The cameras.
const films = DATA.cameras.map(camera => {
  const figure = document.createElement('figure');
  show(figure, html`<video muted playsinline preload="auto" src="${camera.clip}"></video><canvas
    width="${camera.width}" height="${camera.height}"></canvas><figcaption>${
    camera.name}</figcaption>`);
  figure.style.aspectRatio = `${camera.width} / ${camera.height}`;
  figure.firstChild.onerror = () => {
    figure.lastChild.textContent = `${camera.name}: this browser cannot play ${camera.clip}`;
  };
  $('.films').append(figure);
  return { ...camera, video: figure.children[0], brush: figure.children[1].getContext('2d') };
});

function drawBoxes(film, time) {
  const brush = film.brush;
  brush.clearRect(0, 0, film.width, film.height);
  brush.lineWidth = 1.5;
  brush.font = '11px system-ui, sans-serif';
  for (const [id, x, y, width, height, danger] of film.boxes[Math.round(time * DATA.box_rate)] || []) {
    brush.strokeStyle = brush.fillStyle = danger === 'none' ? '#ffffffb0' : COLOURS[danger];
    brush.strokeRect(x, y, width, height);
    if (danger !== 'none') brush.fillText(`${id} ${danger}`, x, y - 3);
  }
}

// The clock: `time_s` leads; slider, map and clips follow.
let time_s = 0;
let playing = false;
let drawn_ms = 0;
const slider = $('#at');
const speed = () => +$('#speed').value;

function draw() {
  const people = peopleAt(time_s);
  drawMap(people);
  listPeople(people);
  for (const film of films) {
    drawBoxes(film, time_s);
    const drift = Math.abs(film.video.currentTime - time_s);
    if (drift > (playing ? MAX_DRIFT_S * speed() : 0.05) && !film.video.seeking)
      film.video.currentTime = time_s;
  }
  slider.value = time_s;
  $('#clock').textContent = clock(DATA.from + time_s);
}

function seek(to_s) {
  time_s = Math.min(DURATION_S, Math.max(0, to_s));
  draw();
}

function setPlaying(now) {
  playing = now;
  $('#play').textContent = playing ? 'Pause' : 'Play';
  for (const film of films) {
    film.video.playbackRate = speed();
    if (playing) film.video.play().catch(() => {});
    else film.video.pause();
  }
  if (!playing) return;
  drawn_ms = performance.now();
  requestAnimationFrame(turn);
}

function toggle() {
  if (!playing && time_s >= DURATION_S) seek(0);
  setPlaying(!playing);
}

function turn(now_ms) {
  if (!playing) return;
  time_s = Math.min(DURATION_S, time_s + Math.max(0, now_ms - drawn_ms) / 1000 * speed());
  drawn_ms = now_ms;
  if (time_s >= DURATION_S) setPlaying(false);
  draw();
  if (playing) requestAnimationFrame(turn);
}

function listDangers() {
  $('#dangers').hidden = DATA.dangers.length === 0;
  for (const danger of DATA.dangers) {
    const begin = Math.max(0, danger.begin - DATA.from);
    const end = Math.min(DURATION_S, danger.end - DATA.from);
    const mark = document.createElement('i');
    mark.style.cssText = `background:${COLOURS[danger.danger]};` +
      `left:${100 * begin / DURATION_S}%;width:${100 * (end - begin) / DURATION_S}%`;
    $('.marks').append(mark);
    const button = document.createElement('button');
    show(button, html`${dot(danger.danger)}${clock(danger.begin)} person ${danger.person}, ${
      words(danger.kind)}: ${danger.outcome}`);
    button.onclick = () => seek(begin - 2);
    $('.dangers').append(button);
  }
}

$('h1').textContent = `Day ${DATA.day}, ${clock(DATA.from)} to ${clock(DATA.to)}`;
const colours = Object.keys(COLOURS)
  .map(name => html`<span>${dot(name)}${name === 'none' ? 'no danger' : name}</span>`);
show($('.key'), html`${colours}<span>white ring: mouth under water</span><span>size: stature</span>`);
slider.max = DURATION_S;
slider.oninput = () => seek(+slider.value);
$('#play').onclick = toggle;
$('#speed').onchange = () => {
  for (const film of films) film.video.playbackRate = speed();
};
window.addEventListener('keydown', event => {
  if (event.target.tagName === 'SELECT' || event.ctrlKey || event.altKey || event.metaKey) return;
  const step_s = event.shiftKey ? 0.2 : 5;
  if (event.key === ' ' && event.target.tagName !== 'BUTTON') toggle();
  else if (event.key === 'ArrowLeft') seek(time_s - step_s);
  else if (event.key === 'ArrowRight') seek(time_s + step_s);
  else return;
  event.preventDefault();
});
new ResizeObserver(() => {
  fitMap();
  draw();
}).observe($('main'));
listDangers();
fitMap();
seek(+(new URLSearchParams(location.search).get('t') || 0));
