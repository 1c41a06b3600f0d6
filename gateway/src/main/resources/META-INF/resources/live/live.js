// The page of live mode: sends the whole prompt at every key, shows the newest frame. See docs/live.md for the protocol.
'use strict';

const $ = (id) => document.getElementById(id);
const sentAt = new Map();
let key = '';
let socket = null;
let seq = 0;
let frame = null; // the text of a frame, until its picture comes
let shown = null; // the generation on the canvas
let closedByServer = false;

function say(text, error = false) {
  $('status').textContent = text;
  $('status').classList.toggle('error', error);
}

function headers(more = {}) {
  return key ? { ...more, Authorization: 'Bearer ' + key } : more;
}

async function start() {
  const answer = await fetch('/v1/models', { headers: headers() });
  $('access').hidden = answer.status !== 401;
  if (!answer.ok) {
    say(answer.status === 401 ? 'this gateway asks for a key' : 'the gateway answers ' + answer.status, answer.status !== 401);
    return;
  }
  const models = (await answer.json()).data;
  $('model').replaceChildren(...models.map((model) => new Option(model.id)));
  const few = models.find((model) => model.defaults.steps <= 8);
  if (few) {
    $('model').value = few.id;
  }
  take(models);
  $('model').onchange = () => { take(models); send(); };
  connect();
}

function take(models) {
  const defaults = models.find((model) => model.id === $('model').value).defaults;
  $('steps').value = Math.min(defaults.steps, 8);
  $('guidance').value = defaults.guidance_scale;
}

function connect() {
  const protocols = ['latentline.live.v1'];
  if (key) {
    const base64 = btoa(key).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    protocols.push('latentline.key.' + base64);
  }
  const address = new URL('/v1/live', location.href);
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  socket = new WebSocket(address, protocols);
  socket.binaryType = 'blob';
  socket.onopen = () => {
    seq = 0;
    sentAt.clear();
    closedByServer = false;
    say('type');
    send();
  };
  socket.onmessage = (message) => (typeof message.data === 'string' ? told(JSON.parse(message.data)) : show(message.data));
  socket.onclose = (event) => {
    socket = null;
    closedByServer = true;
    // it comes back with the next key; a page that nobody uses leaves the gateway alone
    say('not connected' + (event.reason ? ': ' + event.reason : ''), true);
  };
}

function send() {
  if (closedByServer) {
    closedByServer = false;
    connect();
    return;
  }
  if (socket === null || socket.readyState !== WebSocket.OPEN || !$('prompt').value.trim() || !$('parameters').checkValidity()) {
    return;
  }
  seq++;
  sentAt.set(seq, performance.now());
  const request = {
    model: $('model').value,
    prompt: $('prompt').value,
    steps: Number($('steps').value),
    guidance_scale: Number($('guidance').value),
    seed: Number($('seed').value),
  };
  socket.send(JSON.stringify({ seq, request }));
}

function told(answer) {
  if (answer.type === 'frame') {
    frame = answer;
    return;
  }
  sentAt.delete(answer.seq);
  if (answer.type === 'refused') {
    say(answer.problem.detail, true);
  } else if (answer.type === 'failed') {
    say(answer.generation.error.message, true);
  }
}

function show(picture) {
  const image = $('picture');
  const last = image.src;
  image.src = URL.createObjectURL(picture);
  image.hidden = false;
  if (last) {
    URL.revokeObjectURL(last);
  }
  image.alt = frame.generation.request.prompt;
  shown = frame.generation;
  $('keep').disabled = false;
  say(Math.round(performance.now() - sentAt.get(frame.seq)) + ' ms from key to picture');
  sentAt.delete(frame.seq);
}

// A live frame is removed soon: the same request makes the same picture, to stay.
async function keep() {
  const { deadline_s: ignored, ...request } = shown.request;
  const answer = await fetch('/v1/generations', {
    method: 'POST',
    headers: headers({ 'Content-Type': 'application/json' }),
    body: JSON.stringify(request),
  });
  const told = await answer.json();
  if (!answer.ok) {
    say(told.detail, true);
    return;
  }
  const line = document.createElement('li');
  const name = line.appendChild(document.createElement(key ? 'span' : 'a'));
  name.textContent = request.prompt;
  name.title = told.id;
  if (!key) {
    // a link brings no key
    name.href = '/v1/generations/' + told.id + '/images/0';
  }
  $('kept').prepend(line);
}

$('prompt').oninput = send;
$('parameters').oninput = send;
$('parameters').onsubmit = (event) => event.preventDefault();
$('keep').onclick = keep;
$('access').onsubmit = (event) => {
  event.preventDefault();
  key = $('key').value;
  start();
};
start();
