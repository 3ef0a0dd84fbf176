"use strict";
// The data as typed columns, what is shown of it, and where it stands on the axis.
const Trace = {};

Trace.read = async (text) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return Trace.model(await new Response(unpacked).json());
};

Trace.model = (data) => {
  const { events } = data;
  const count = events.node.length;
  const summed = (values, Kind) => {
    const sums = new Kind(values.length);
    let sum = 0;
    values.forEach((value, at) => { sums[at] = sum += value; });
    return sums;
  };
  const model = {
    ...data, count,
    node: Uint16Array.from(events.node), group: Uint8Array.from(events.group),
    time: summed(events.time, Float64Array), line: summed(events.line, Float64Array),
    order: Float64Array.from({ length: count }, (_, at) => at),
    back: Int32Array.from(events.cause), shown: new Uint8Array(count), cone: new Uint8Array(count),
    effects: new Map(), messages: [], byNode: [], marked: new Map(), needle: "",
    hidden: new Set(), onlyCone: false, list: new Uint32Array(0), hits: new Uint8Array(count), hitList: [],
  };
  summed(data.cone, Float64Array).forEach((at) => { model.cone[at] = 1; });
  model.marks.forEach(([at, rule, text, kind]) => {
    model.marked.set(at, [...(model.marked.get(at) || []), { rule, text, kind }]);
  });
  for (let at = 0; at < count; at++) {
    if (!model.back[at]) continue;
    const from = at - model.back[at];
    model.messages.push([from, at]);
    model.effects.set(from, [...(model.effects.get(from) || []), at]);
  }
  model.timed = count > 0 && model.time.some((time) => time !== model.time[0]);
  Trace.setAxis(model, model.timed);
  Trace.filter(model);
  return model;
};

Trace.setAxis = (model, byTime) => {
  model.byTime = byTime;
  model.x = byTime ? model.time : model.order;
  model.byNode = model.nodes.map(() => []);
  for (let at = 0; at < model.count; at++) model.byNode[model.node[at]].push(at);
  if (byTime) model.byNode.forEach((own) => own.sort((a, b) => model.x[a] - model.x[b] || a - b));
  let [low, high] = [Infinity, -Infinity];
  for (const x of model.x) { low = Math.min(low, x); high = Math.max(high, x); }
  const margin = (high - low || 1) * 0.02;
  model.range = [low - margin, high + margin];
  // In microseconds or in events: a span, an overlap or a lease on the axis of now.
  const seconds = (value, at) => (value === null || model.start === null ? model.time[at] : (value - model.start) * 1e6);
  model.bands = model.spans.map(([node, role, term, first, last, ended, start, until]) => ({
    node, role, term, first, ended, x0: byTime ? seconds(start, first) : first, x1: byTime ? seconds(until, last) : last,
  }));
  model.shades = model.overlaps.map(([one, other, start, end, same, first, last]) => ({
    one, other, same, seconds: end - start, x0: byTime ? seconds(start, first) : first, x1: byTime ? seconds(end, last) : last,
  }));
  model.held = model.leases.map(([node, first, last]) => ({ node, x0: model.x[first], x1: model.x[last] }));
};

Trace.text = (model, at) => model.events.texts[model.events.text[at]];
Trace.place = (model, at) => `${model.files[model.events.file[at]]}:${model.line[at]}`;
Trace.inc = (model, at) => model.events.incs[model.events.inc[at]];

Trace.filter = (model) => {
  const found = [];
  for (let at = 0; at < model.count; at++) {
    const wanted = !model.hidden.has(model.group[at]) && (!model.onlyCone || model.cone[at]);
    model.shown[at] = wanted ? 1 : 0;
    if (wanted) found.push(at);
  }
  model.list = Uint32Array.from(found);
  Trace.search(model, model.needle);
};

// Events whose node, text and place contain the needle; where none does, those that contain all its words.
Trace.search = (model, needle) => {
  const wanted = needle.trim().toLowerCase();
  model.needle = needle;
  model.hits.fill(0);
  model.hitList = [];
  if (!wanted) return;
  model.hitList = Trace.matching(model, [wanted]);
  if (!model.hitList.length) model.hitList = Trace.matching(model, wanted.split(/\s+/));
  model.hitList.forEach((at) => { model.hits[at] = 1; });
};

// A number is no part of a longer one: `term 1` is not in `term 12`.
Trace.matching = (model, parts) => {
  const patterns = parts.map((part) => new RegExp(part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") + (/\d$/.test(part) ? "(?!\\d)" : "")));
  const texts = model.events.texts.map((text) => text.toLowerCase());
  const names = model.nodes.map((name) => name.toLowerCase());
  const found = [];
  for (const at of model.list) {
    const line = `${names[model.node[at]]} ${texts[model.events.text[at]]} ${Trace.place(model, at).toLowerCase()}`;
    if (patterns.every((pattern) => pattern.test(line))) found.push(at);
  }
  return found;
};

// The first position in `own` (sorted by x) at or beyond `x`.
Trace.from = (model, own, x) => {
  let [low, high] = [0, own.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (model.x[own[middle]] < x) low = middle + 1; else high = middle;
  }
  return low;
};

Trace.when = (model, x) => {
  if (!model.byTime) return `event ${Math.round(x) + 1}`;
  return Trace.clock(model, x);
};
Trace.clock = (model, microseconds) => {
  const start = model.start === null ? 0 : model.start;
  const moment = start * 1000 + microseconds / 1000;
  if (start < 31536000) return `${(moment / 1000).toFixed(3)} s`;
  return new Date(Math.round(moment)).toISOString().slice(11, 23);
};
Trace.lasting = (seconds) => {
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} us`;
  if (seconds < 1) return `${(seconds * 1e3).toFixed(1)} ms`;
  return seconds < 120 ? `${seconds.toFixed(2)} s` : `${Math.round(seconds / 60)} min`;
};
