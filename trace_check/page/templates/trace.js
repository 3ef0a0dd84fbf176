// The controls: what is shown, where the view stands, which event is selected.
(async () => {
  const by = (id) => document.getElementById(id);
  const model = await Trace.read(by("data").textContent);
  by("data").remove();
  const [lanes, overview, stage, tip, box] = [by("lanes"), by("overview"), by("stage"), by("tip"), by("list")];
  const view = { range: [...model.range], selected: -1, px: (x) => x, width: 0, messages: [] };
  const root = model.marks.length ? model.marks[0][0] : -1;
  let pending = false;

  function redraw() {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => { pending = false; paint(); });
  }

  function paint() {
    const { visible, lines, dense } = Trace.draw(model, view, lanes);
    Trace.drawOverview(model, view, overview);
    placeFlags();
    const hidden = model.count - model.list.length;
    by("summary").textContent = `${Trace.when(model, Math.max(view.range[0], model.byTime ? view.range[0] : 0))} to `
      + `${Trace.when(model, Math.min(view.range[1], model.byTime ? view.range[1] : model.count - 1))}: `
      + `${visible.toLocaleString("en")} of ${model.count.toLocaleString("en")} events`
      + `${hidden ? `, ${hidden.toLocaleString("en")} filtered out` : ""}, `
      + `${lines.drawn.toLocaleString("en")} of ${lines.all.toLocaleString("en")} messages drawn`
      + `${dense ? "; zoom in for single events" : ""}`;
  }

  function refresh() {
    redraw();
    Trace.drawList(model, view, box, by("rows"), select);
    by("hits").textContent = model.needle.trim() ? `${model.hitList.length.toLocaleString("en")} found` : "";
  }

  function select(at) {
    view.selected = at;
    const x = model.x[at];
    if (at >= 0 && (x < view.range[0] || x > view.range[1])) {
      const half = (view.range[1] - view.range[0]) / 2;
      move(x - half, x + half);
    }
    Trace.drawList(model, view, box, by("rows"), select);
    Trace.scrollTo(view, box, at);
    Trace.drawDetail(model, view, by("detail"), select);
    redraw();
  }

  function move(low, high) {
    const whole = model.range[1] - model.range[0];
    const size = Math.min(Math.max(high - low, model.byTime ? 20 : 4), whole);
    const start = Math.min(Math.max((low + high - size) / 2, model.range[0]), model.range[1] - size);
    view.range = [start, start + size];
    redraw();
  }

  function zoom(factor, x) {
    const [low, high] = view.range;
    const centre = x === undefined ? (low + high) / 2 : x;
    move(centre - (centre - low) * factor, centre + (high - centre) * factor);
  }

  function zoomToMarks() {
    const led = model.marks.filter(([, , , kind]) => ["root", "fact", "cause"].includes(kind));
    const xs = (led.length ? led : model.marks.slice(0, 1)).map(([at]) => model.x[at]);
    const [low, high] = [Math.min(...xs), Math.max(...xs)];
    const margin = Math.max((high - low) * 0.25, (model.range[1] - model.range[0]) / Math.max(20, model.count / 200));
    move(low - margin, high + margin);
  }

  function placeFlags() {
    for (const flag of by("flags").children) {
      const at = Number(flag.dataset.at);
      const x = view.px(model.x[at]);
      flag.hidden = x < Trace.NAMES || x > view.width || !model.shown[at];
      flag.style.left = `${x}px`;
      flag.style.top = `${Trace.middle(model, model.node[at]) - (flag.classList.contains("root") ? 30 : 12)}px`;
    }
  }

  function point(event) {
    const area = lanes.getBoundingClientRect();
    return [event.clientX - area.left, event.clientY - area.top];
  }

  function hover(event) {
    const [x, y] = point(event);
    const found = Trace.at(model, view, x, y);
    tip.hidden = !found;
    if (!found) return;
    tip.replaceChildren(...describe(found));
    const [width, height] = [stage.clientWidth, stage.clientHeight];
    tip.style.left = `${Math.min(x + 14, Math.max(0, width - tip.offsetWidth - 8))}px`;
    tip.style.top = `${y + 18 + tip.offsetHeight > height ? Math.max(0, y - tip.offsetHeight - 12) : y + 18}px`;
  }

  function describe({ event, message, band }) {
    const small = (text) => Trace.element("small", text);
    if (band) {
      const term = band.term === null ? "" : ` of term ${band.term}`;
      const lasting = model.byTime ? `, ${Trace.lasting((band.x1 - band.x0) / 1e6)}` : "";
      const told = `${Trace.when(model, band.x0)} to ${Trace.when(model, band.x1)}${lasting}, then: ${band.ended}`;
      return [Trace.element("span", `${model.nodes[band.node]} is ${band.role || "of unknown role"}${term}`), small(told)];
    }
    const at = message ? message[0] : event;
    const lines = [Trace.element("span", `${model.nodes[model.node[at]]} ${Trace.text(model, at)}`)];
    const travelled = message && model.timed ? `, received after ${Trace.lasting((model.time[message[1]] - model.time[at]) / 1e6)}` : "";
    lines.push(small(`${model.timed ? Trace.clock(model, model.time[at]) : `event ${at + 1}`}, ${Trace.place(model, at)}${travelled}`));
    for (const { rule, text } of model.marked.get(at) || []) lines.push(small(`${rule}: ${text}`));
    return lines;
  }

  function step(by) {
    const events = view.listed;
    if (!events.length) return;
    let position = events.findIndex ? events.findIndex((at) => at >= view.selected) : 0;
    if (position < 0) position = events.length;
    if (view.selected < 0) position = by > 0 ? -1 : events.length;
    else if (events[position] !== view.selected && by > 0) position -= 1;
    select(events[Math.min(Math.max(position + by, 0), events.length - 1)]);
  }

  // The lanes

  let drag = null;
  lanes.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, range: [...view.range], moved: false };
    lanes.setPointerCapture(event.pointerId);
  });
  lanes.addEventListener("pointermove", (event) => {
    if (!drag) { hover(event); return; }
    const away = event.clientX - drag.x;
    if (Math.abs(away) > 3) drag.moved = true;
    const shift = (away / (view.width - Trace.NAMES)) * (drag.range[1] - drag.range[0]);
    if (drag.moved) { tip.hidden = true; move(drag.range[0] - shift, drag.range[1] - shift); }
  });
  lanes.addEventListener("pointerup", (event) => {
    const found = drag && !drag.moved ? Trace.at(model, view, ...point(event)) : null;
    drag = null;
    if (!found) return;
    if (found.band) select(found.band.first);
    else select(found.message ? found.message[0] : found.event);
  });
  lanes.addEventListener("pointerleave", () => { tip.hidden = true; });
  lanes.addEventListener("wheel", (event) => {
    event.preventDefault();
    const [low, high] = view.range;
    const scale = (high - low) / (view.width - Trace.NAMES);
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      const shift = (event.deltaX || event.deltaY) * scale;
      move(low + shift, high + shift);
    } else {
      zoom(Math.exp(Math.sign(event.deltaY) * Math.min(Math.abs(event.deltaY), 120) / 400), low + (point(event)[0] - Trace.NAMES) * scale);
    }
  }, { passive: false });

  // The overview

  function moveTo(event) {
    const area = overview.getBoundingClientRect();
    const x = model.range[0] + ((event.clientX - area.left) / area.width) * (model.range[1] - model.range[0]);
    const half = (view.range[1] - view.range[0]) / 2;
    move(x - half, x + half);
  }
  overview.addEventListener("pointerdown", (event) => { overview.setPointerCapture(event.pointerId); moveTo(event); });
  overview.addEventListener("pointermove", (event) => { if (event.buttons) moveTo(event); });

  // The bar

  const present = new Set(model.group);
  model.groups.forEach((name, number) => {
    if (!present.has(number)) return;
    const button = Trace.element("button", name, "chip");
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      if (!model.hidden.delete(number)) model.hidden.add(number);
      button.setAttribute("aria-pressed", String(!model.hidden.has(number)));
      Trace.filter(model);
      refresh();
    });
    by("groups").append(button);
  });
  const cone = by("cone");
  if (cone) {
    cone.addEventListener("click", () => {
      model.onlyCone = !model.onlyCone;
      cone.setAttribute("aria-pressed", String(model.onlyCone));
      Trace.filter(model);
      refresh();
    });
  }
  const axis = by("axis");
  axis.hidden = !model.timed;
  axis.addEventListener("click", () => {
    const kept = view.selected;
    Trace.setAxis(model, !model.byTime);
    axis.textContent = model.byTime ? "by time" : "by order";
    view.range = [...model.range];
    if (kept >= 0) select(kept);
    redraw();
  });
  document.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () => {
    const { zoom: how } = button.dataset;
    if (how === "mark") zoomToMarks();
    else if (how === "0") move(...model.range);
    else zoom(Number(how), view.selected >= 0 ? model.x[view.selected] : undefined);
  }));
  by("search").addEventListener("input", (event) => {
    Trace.search(model, event.target.value);
    box.scrollTop = 0;
    refresh();
  });
  document.querySelectorAll("[data-hit]").forEach((button) => button.addEventListener("click", () => step(Number(button.dataset.hit))));
  document.querySelectorAll("[data-event]").forEach((button) => button.addEventListener("click", () => {
    select(Number(button.dataset.event));
    stage.scrollIntoView({ block: "nearest" });
  }));

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const typing = event.target.tagName === "INPUT";
    if (typing && event.key === "Escape") { event.target.value = ""; Trace.search(model, ""); refresh(); event.target.blur(); }
    if (typing && event.key === "Enter") step(event.shiftKey ? -1 : 1);
    if (typing) return;
    const keys = {
      ArrowRight: () => step(1), ArrowLeft: () => step(-1), "+": () => zoom(0.5), "-": () => zoom(2),
      0: () => move(...model.range), "/": () => by("search").focus(),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  model.nodes.forEach((name, node) => {
    const label = Trace.element("span", name);
    label.title = name;
    label.style.top = `${Trace.middle(model, node)}px`;
    by("names").append(label);
  });
  document.querySelectorAll("[data-mark]").forEach((line) => {
    const at = Number(line.dataset.mark);
    const { rule, text } = model.marked.get(at)[0];
    const number = line.querySelector("b").textContent;
    const flag = Trace.element("button", line.className === "root" ? `${number}  ${rule}` : number, line.className);
    flag.type = "button";
    flag.title = `${rule}: ${text}`;
    flag.dataset.at = at;
    flag.addEventListener("click", () => select(at));
    by("flags").append(flag);
  });
  stage.style.setProperty("--names", `${Trace.NAMES}px`);
  box.addEventListener("scroll", () => Trace.drawList(model, view, box, by("rows"), select));
  addEventListener("resize", refresh);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  if (root >= 0 && model.count > 2000) zoomToMarks();
  refresh();
  select(root);
  paint();
  document.documentElement.dataset.ready = "true";
})();
