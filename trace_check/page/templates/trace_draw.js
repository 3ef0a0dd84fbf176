// Draws the lanes and the overview, and finds what is at a point.
Trace.NAMES = 120;
Trace.TOP = 30;
Trace.GLYPHS_MAX = 5000;
Trace.LINES_MAX = 2500;

Trace.colours = () => {
  const style = getComputedStyle(document.documentElement);
  const colour = {};
  for (const name of ["paper", "ink", "soft", "line", "accent", "good", "bad", "unknown", "tone1", "tone2", "tone3", "tone4"]) {
    colour[name] = style.getPropertyValue(`--${name}`).trim();
  }
  return colour;
};

Trace.laneHeight = (model) => (model.nodes.length <= 5 ? 96 : model.nodes.length <= 9 ? 72 : 52);
Trace.height = (model) => Trace.TOP + model.nodes.length * Trace.laneHeight(model) + 6;
Trace.middle = (model, node) => Trace.TOP + (node + 0.56) * Trace.laneHeight(model);

// A canvas as large as its place on the page, in device pixels; the context counts in page pixels.
Trace.fitted = (canvas, height) => {
  const width = canvas.clientWidth;
  const scale = window.devicePixelRatio || 1;
  canvas.style.height = `${height}px`;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return [context, width];
};

Trace.draw = (model, view, canvas) => {
  const height = Trace.height(model);
  const [context, width] = Trace.fitted(canvas, height);
  const colour = Trace.colours();
  const [low, high] = view.range;
  const px = (x) => Trace.NAMES + ((x - low) / (high - low)) * (width - Trace.NAMES);
  view.px = px;
  view.width = width;
  context.font = "12px system-ui, sans-serif";
  context.save();
  context.beginPath();
  context.rect(Trace.NAMES, 0, width - Trace.NAMES, height);
  context.clip();
  const scene = { model, view, context, colour, px, width, height, low, high };
  Trace.drawShades(scene);
  Trace.drawTicks(scene);
  Trace.drawBands(scene);
  const visible = Trace.visible(model, low, high);
  const lines = Trace.drawMessages(scene);
  if (visible <= Trace.GLYPHS_MAX) Trace.drawGlyphs(scene); else Trace.drawDensity(scene);
  Trace.drawSelected(scene);
  context.restore();
  return { visible, lines, dense: visible > Trace.GLYPHS_MAX };
};

Trace.visible = (model, low, high) => {
  let visible = 0;
  for (const own of model.byNode) {
    const last = Trace.from(model, own, high);
    for (let at = Trace.from(model, own, low); at < last; at++) visible += model.shown[own[at]];
  }
  return visible;
};

Trace.drawShades = ({ model, context, colour, px, height, low, high }) => {
  for (const shade of model.shades) {
    if (shade.x1 < low || shade.x0 > high) continue;
    const [left, right] = [px(shade.x0), Math.max(px(shade.x1), px(shade.x0) + 2)];
    context.fillStyle = shade.same ? colour.bad : colour.unknown;
    context.globalAlpha = shade.same ? 0.16 : 0.11;
    context.fillRect(left, Trace.TOP - 4, right - left, height);
    context.globalAlpha = 1;
    const label = shade.same ? "two leaders of one term" : "two leaders";
    const room = Math.min(right, px(high)) - Math.max(left, Trace.NAMES);
    if (context.measureText(label).width + 12 < room) {
      context.fillText(label, Math.max(left, Trace.NAMES) + 6, height - 6);
    }
  }
};

Trace.drawTicks = ({ model, context, colour, px, width, height, low, high }) => {
  const room = (width - Trace.NAMES) / 130;
  const rough = (high - low) / Math.max(1, room);
  const step = Trace.step(rough, model.byTime);
  const origin = model.byTime && model.start !== null ? model.start * 1e6 : -1;
  context.lineWidth = 1;
  for (let x = Math.ceil((low + origin) / step) * step - origin; x <= high; x += step) {
    if (!model.byTime && (x < 0 || x >= model.count)) continue;
    const left = Math.round(px(x)) + 0.5;
    context.strokeStyle = colour.line;
    context.globalAlpha = 0.6;
    context.beginPath();
    context.moveTo(left, Trace.TOP - 6);
    context.lineTo(left, height);
    context.stroke();
    context.globalAlpha = 1;
    context.fillStyle = colour.soft;
    context.fillText(Trace.when(model, x), left + 4, 15);
  }
};

// The next round number at or above `rough`: of microseconds on the axis of time, else of events.
Trace.step = (rough, byTime) => {
  const clock = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].map((seconds) => seconds * 1e6);
  if (byTime && rough > clock[0] / 2 && rough <= clock[clock.length - 1]) return clock.find((size) => size >= rough);
  const power = 10 ** Math.floor(Math.log10(rough));
  return Math.max(1, [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough));
};

Trace.drawBands = ({ model, context, colour, px, low, high }) => {
  for (const band of model.bands) {
    if (band.x1 < low || band.x0 > high) continue;
    const middle = Trace.middle(model, band.node);
    const left = Math.max(px(band.x0), Trace.NAMES - 2);
    const right = Math.min(Math.max(px(band.x1), px(band.x0) + 1.5), px(high) + 2);
    if (band.role === "leader") {
      const tone = colour[`tone${1 + ((band.term || 0) % 4)}`];
      context.fillStyle = tone;
      context.globalAlpha = 0.38;
      context.fillRect(left, middle - 15, right - left, 30);
      context.globalAlpha = 1;
      context.fillRect(left, middle - 15, right - left, 2.5);
      const label = band.term === null ? "leader" : `leader, term ${band.term}`;
      Trace.label(context, colour.ink, label, left + 14, middle - 20, right - left - 16);
    } else if (band.role === "candidate" || band.role === "precandidate") {
      context.strokeStyle = colour.soft;
      context.lineWidth = 1.5;
      for (let x = left; x < right; x += 5) {
        context.beginPath();
        context.moveTo(x, middle + 6);
        context.lineTo(Math.min(x + 6, right), middle - 6);
        context.stroke();
      }
    } else {
      context.fillStyle = colour.line;
      context.globalAlpha = band.role === null ? 0.4 : 1;
      context.fillRect(left, middle - 1.5, right - left, 3);
      context.globalAlpha = 1;
    }
    if (band.ended === "restarts" || band.ended === "stops") {
      context.fillStyle = colour.soft;
      context.fillRect(right - 1, middle - 9, 2, 18);
    }
  }
  context.fillStyle = colour.good;
  for (const lease of model.held) {
    if (lease.x1 < low || lease.x0 > high) continue;
    context.fillRect(px(lease.x0), Trace.middle(model, lease.node) + 17, Math.max(1.5, px(lease.x1) - px(lease.x0)), 3);
  }
};

Trace.label = (context, colour, text, left, baseline, room) => {
  if (context.measureText(text).width > room) return;
  context.fillStyle = colour;
  context.fillText(text, left, baseline);
};

Trace.drawMessages = ({ model, view, context, colour, px, low, high }) => {
  const wanted = model.messages.filter(([from, to]) => model.x[to] >= low && model.x[from] <= high && model.shown[from] && model.shown[to]);
  const votes = model.groups.indexOf("votes");
  const all = wanted.length <= Trace.LINES_MAX;
  const lines = all ? wanted : wanted.filter(([from]) => model.group[from] === votes);
  const kept = lines.length <= Trace.LINES_MAX ? lines : [];
  for (const [from, to] of kept) {
    const [x0, x1] = [px(model.x[from]), px(model.x[to])];
    const [y0, y1] = [Trace.middle(model, model.node[from]), Trace.middle(model, model.node[to])];
    const vote = model.group[from] === votes;
    const led = model.onlyCone && model.cone[to];
    context.strokeStyle = led ? colour.bad : vote ? colour.accent : colour.soft;
    context.globalAlpha = led || vote ? 0.75 : kept.length > 400 ? 0.18 : 0.4;
    context.lineWidth = vote ? 1.5 : 1;
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    context.stroke();
    if (kept.length <= 400) Trace.arrowHead(context, x0, y0, x1, y1);
  }
  context.globalAlpha = 1;
  view.messages = kept;
  return { drawn: kept.length, all: wanted.length };
};

Trace.arrowHead = (context, x0, y0, x1, y1) => {
  const angle = Math.atan2(y1 - y0, x1 - x0);
  context.beginPath();
  context.moveTo(x1 - 7 * Math.cos(angle - 0.35), y1 - 7 * Math.sin(angle - 0.35));
  context.lineTo(x1, y1);
  context.lineTo(x1 - 7 * Math.cos(angle + 0.35), y1 - 7 * Math.sin(angle + 0.35));
  context.stroke();
};

Trace.glyphColour = (model, colour, at) => {
  const kinds = model.marked.get(at);
  if (kinds) return kinds.every(({ kind }) => kind === "deviation") ? colour.unknown : colour.bad;
  const name = model.groups[model.group[at]];
  return { roles: colour.ink, votes: colour.accent, clients: colour.good, leases: colour.good }[name] || colour.soft;
};

Trace.drawGlyphs = ({ model, context, colour, px, low, high }) => {
  const searching = model.hitList.length > 0;
  model.byNode.forEach((own, node) => {
    const middle = Trace.middle(model, node);
    const last = Trace.from(model, own, high);
    for (let position = Trace.from(model, own, low); position < last; position++) {
      const at = own[position];
      if (!model.shown[at]) continue;
      const name = model.groups[model.group[at]];
      const x = px(model.x[at]);
      context.fillStyle = searching && model.hits[at] ? colour.accent : Trace.glyphColour(model, colour, at);
      context.globalAlpha = searching && !model.hits[at] ? 0.25 : 1;
      context.beginPath();
      if (name === "roles") {
        context.moveTo(x, middle - 6); context.lineTo(x + 5, middle); context.lineTo(x, middle + 6); context.lineTo(x - 5, middle);
      } else if (name === "clients") {
        context.rect(x - 3.5, middle - 3.5, 7, 7);
      } else {
        context.arc(x, middle, name === "votes" ? 4 : searching && model.hits[at] ? 4 : 2.6, 0, 7);
      }
      context.fill();
      if (model.marked.has(at)) {
        context.strokeStyle = context.fillStyle;
        context.lineWidth = 2;
        context.beginPath();
        context.arc(x, middle, 9, 0, 7);
        context.stroke();
      }
    }
  });
  context.globalAlpha = 1;
};

Trace.drawDensity = ({ model, context, colour, px, width, low, high }) => {
  model.byNode.forEach((own, node) => {
    const middle = Trace.middle(model, node);
    const [counts, hits] = [new Uint32Array(width + 1), new Uint32Array(width + 1)];
    const last = Trace.from(model, own, high);
    for (let position = Trace.from(model, own, low); position < last; position++) {
      const at = own[position];
      if (!model.shown[at]) continue;
      const column = Math.floor(px(model.x[at]));
      counts[column]++;
      hits[column] += model.hits[at];
    }
    const most = Math.log1p(counts.reduce((a, b) => Math.max(a, b), 1));
    for (let column = Trace.NAMES; column <= width; column++) {
      if (!counts[column]) continue;
      const height = Math.max(2, (Math.log1p(counts[column]) / most) * 22);
      context.fillStyle = hits[column] ? colour.accent : colour.soft;
      context.globalAlpha = hits[column] ? 1 : 0.5;
      context.fillRect(column, middle - height / 2, 1, height);
    }
  });
  context.globalAlpha = 1;
  for (const [at] of model.marks) {
    if (!model.shown[at] || model.x[at] < low || model.x[at] > high) continue;
    context.strokeStyle = Trace.glyphColour(model, colour, at);
    context.lineWidth = 2;
    context.beginPath();
    context.arc(px(model.x[at]), Trace.middle(model, model.node[at]), 9, 0, 7);
    context.stroke();
  }
};

Trace.drawSelected = ({ model, view, context, colour, px }) => {
  const at = view.selected;
  if (at < 0) return;
  const near = [...(model.back[at] ? [[at - model.back[at], at]] : []), ...(model.effects.get(at) || []).map((to) => [at, to])];
  context.strokeStyle = colour.accent;
  context.lineWidth = 2.5;
  for (const [from, to] of near) {
    const ends = [px(model.x[from]), Trace.middle(model, model.node[from]), px(model.x[to]), Trace.middle(model, model.node[to])];
    context.beginPath();
    context.moveTo(ends[0], ends[1]);
    context.lineTo(ends[2], ends[3]);
    context.stroke();
    Trace.arrowHead(context, ...ends);
  }
  context.beginPath();
  context.arc(px(model.x[at]), Trace.middle(model, model.node[at]), 8, 0, 7);
  context.stroke();
};

Trace.drawOverview = (model, view, canvas) => {
  const height = 40;
  const [context, width] = Trace.fitted(canvas, height);
  const colour = Trace.colours();
  const [low, high] = model.range;
  const px = (x) => ((x - low) / (high - low)) * width;
  const lane = (height - 8) / model.nodes.length;
  for (const band of model.bands) {
    context.fillStyle = band.role === "leader" ? colour[`tone${1 + ((band.term || 0) % 4)}`] : colour.line;
    const thick = band.role === "leader" ? Math.max(2, lane - 2) : 1;
    context.fillRect(px(band.x0), 4 + (band.node + 0.5) * lane - thick / 2, Math.max(1, px(band.x1) - px(band.x0)), thick);
  }
  const ticks = (indexes, tone, tall) => {
    context.fillStyle = tone;
    for (const at of indexes) context.fillRect(px(model.x[at]), height - tall, 1.5, tall);
  };
  if (model.hitList.length) ticks(model.hitList, colour.accent, 8);
  ticks(model.marks.map(([at]) => at), colour.bad, height);
  const [left, right] = view.range.map(px);
  context.fillStyle = colour.paper;
  context.globalAlpha = 0.65;
  context.fillRect(0, 0, left, height);
  context.fillRect(right, 0, width - right, height);
  context.globalAlpha = 1;
  context.strokeStyle = colour.accent;
  context.lineWidth = 1.5;
  context.strokeRect(left + 0.75, 0.75, Math.max(3, right - left - 1.5), height - 1.5);
};

// What is at a point of the lanes: an event before a message before a band.
Trace.at = (model, view, x, y) => {
  const node = Math.floor((y - Trace.TOP) / Trace.laneHeight(model));
  const value = view.range[0] + ((x - Trace.NAMES) / (view.width - Trace.NAMES)) * (view.range[1] - view.range[0]);
  if (x < Trace.NAMES || node < 0) return null;
  if (node < model.nodes.length && Math.abs(y - Trace.middle(model, node)) <= 12) {
    const event = Trace.nearest(model, view, node, value, x);
    if (event >= 0) return { event };
  }
  const message = Trace.nearestMessage(model, view, x, y);
  if (message) return { message };
  const band = model.bands.find((one) => one.node === node && one.x0 <= value && value <= one.x1);
  return band && Math.abs(y - Trace.middle(model, node)) <= 18 ? { band } : null;
};

Trace.nearest = (model, view, node, value, x) => {
  const own = model.byNode[node];
  const start = Trace.from(model, own, value);
  let [best, distance] = [-1, 9];
  for (const step of [1, -1]) {
    for (let position = step > 0 ? start : start - 1; position >= 0 && position < own.length; position += step) {
      const away = Math.abs(view.px(model.x[own[position]]) - x);
      if (away > 9) break;
      if (model.shown[own[position]] && away < distance) [best, distance] = [own[position], away];
    }
  }
  return best;
};

Trace.nearestMessage = (model, view, x, y) => {
  let [best, distance] = [null, 5];
  for (const message of view.messages || []) {
    const [x0, y0] = [view.px(model.x[message[0]]), Trace.middle(model, model.node[message[0]])];
    const [x1, y1] = [view.px(model.x[message[1]]), Trace.middle(model, model.node[message[1]])];
    const along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2 || 1);
    if (along < 0 || along > 1) continue;
    const away = Math.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0));
    if (away < distance) [best, distance] = [message, away];
  }
  return best;
};
