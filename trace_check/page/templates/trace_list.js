// The list of events, of which only the rows in sight exist, and the panel about one event.
Trace.ROW = 24;

Trace.element = (kind, text, name) => {
  const element = document.createElement(kind);
  element.textContent = text;
  if (name) element.className = name;
  return element;
};

Trace.drawList = (model, view, box, rows, select) => {
  const events = model.hitList.length || model.needle.trim() ? model.hitList : model.list;
  view.listed = events;
  rows.style.height = `${events.length * Trace.ROW}px`;
  const first = Math.max(0, Math.floor(box.scrollTop / Trace.ROW) - 4);
  const last = Math.min(events.length, first + Math.ceil(box.clientHeight / Trace.ROW) + 8);
  rows.replaceChildren();
  for (let position = first; position < last; position++) {
    const at = events[position];
    const row = document.createElement("div");
    row.style.top = `${position * Trace.ROW}px`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(at === view.selected));
    row.dataset.at = at;
    if (model.marked.has(at)) row.className = model.marked.get(at).every(({ kind }) => kind === "deviation") ? "deviation" : "marked";
    row.append(
      Trace.element("span", model.timed ? Trace.clock(model, model.time[at]) : `event ${at + 1}`, "when"),
      Trace.element("span", model.nodes[model.node[at]], "who"),
      Trace.element("span", Trace.text(model, at), "what"),
      Trace.element("span", Trace.place(model, at), "where"),
    );
    row.addEventListener("click", () => select(at));
    rows.append(row);
  }
};

Trace.scrollTo = (view, box, at) => {
  const events = view.listed || [];
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (events[middle] < at) low = middle + 1; else high = middle;
  }
  if (events[low] !== at) return;
  const top = low * Trace.ROW;
  if (top < box.scrollTop || top + Trace.ROW > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 2;
};

Trace.drawDetail = (model, view, panel, select) => {
  const at = view.selected;
  panel.replaceChildren();
  if (at < 0) {
    panel.append(Trace.element("p", "Point at the lanes to read an event, click to keep it here."));
    return;
  }
  const inc = Trace.inc(model, at);
  const when = model.timed ? `${Trace.clock(model, model.time[at])}, ` : "";
  panel.append(
    Trace.element("h3", `${model.nodes[model.node[at]]} ${Trace.text(model, at)}`),
    Trace.element("p", `${when}event ${at + 1} of ${model.count}, ${Trace.place(model, at)}${inc ? `, incarnation ${inc}` : ""}`),
  );
  for (const { rule, text, kind } of model.marked.get(at) || []) {
    panel.append(Trace.element("p", `${rule}: ${text}`, kind === "deviation" ? "deviation" : "finding"));
  }
  const link = (label, to) => {
    const button = Trace.element("button", `${label}: ${model.nodes[model.node[to]]} ${Trace.text(model, to)}`);
    button.type = "button";
    button.addEventListener("click", () => select(to));
    panel.append(button);
  };
  if (model.back[at]) link("sent", at - model.back[at]);
  for (const to of (model.effects.get(at) || []).slice(0, 8)) link("received", to);
  if (model.raw[at] !== undefined) panel.append(Trace.element("pre", model.raw[at]));
};
