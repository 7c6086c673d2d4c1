"use strict";

// Pointers on the stage: panning, pinching, choosing a box, drawing one, moving its edges.
{
  const SMALLEST_DRAG = 5;
  const { stage } = report, { area, view, state } = stage;
  const pointers = new Map();
  let gesture = null, corner = null, drawing = false;

  const goesTo = (event) => {
    corner = (event.target.closest?.(".pane") ?? area).getBoundingClientRect();
  };
  const place = (event) => [event.clientX - corner.left, event.clientY - corner.top];

  const boxBetween = ([ax, ay], [bx, by], free) => {
    let width = Math.abs(bx - ax), height = Math.abs(by - ay);
    if (!free) {
      height = Math.max(height, width / report.facts.aspect);
      width = height * report.facts.aspect;
    }
    const x = bx < ax ? ax - width : ax, y = by < ay ? ay - height : ay;
    return stage.inside([x, y, x + width, y + height]);
  };

  const move = ([x0, y0, x1, y1], [dx, dy]) => {
    const [width, height] = state.entry.size;
    const x = Math.max(-x0, Math.min(width - x1, dx)), y = Math.max(-y0, Math.min(height - y1, dy));
    return stage.inside([x0 + x, y0 + y, x1 + x, y1 + y]);
  };

  const reshape = (box, edges, [dx, dy]) => {
    if (edges === "move") return move(box, [dx, dy]);
    const xs = [box[0] + (edges.includes("w") ? dx : 0), box[2] + (edges.includes("e") ? dx : 0)];
    const ys = [box[1] + (edges.includes("n") ? dy : 0), box[3] + (edges.includes("s") ? dy : 0)];
    return stage.inside([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]);
  };

  const spread = () => {
    const [[ax, ay], [bx, by]] = [...pointers.values()];
    return { distance: Math.max(1, Math.hypot(bx - ax, by - ay)), middle: [(ax + bx) / 2, (ay + by) / 2] };
  };

  const begin = (event, at) => {
    const { selected } = state, reference = event.target.closest?.(".mark")?.reference ?? null;
    if (pointers.size > 1) return { kind: "pinch", before: spread() };
    if (drawing) return { kind: "draw", from: stage.toImage(at) };
    const own = reference?.kind === "missed" && selected?.kind === "missed" && reference.index === selected.index;
    if (event.target.handle || own) {
      const { box } = report.corrections.of(state.entry.name).missed[selected.index];
      const edges = event.target.handle ?? "move";
      return { kind: "shape", edges, index: selected.index, box, from: stage.toImage(at) };
    }
    return { kind: "pan", from: at, x: view.x, y: view.y, reference, moved: false };
  };

  area.addEventListener("pointerdown", (event) => {
    if (!state.entry || event.button > 0 || pointers.size > 1) return;
    if (pointers.size === 0) goesTo(event);
    pointers.set(event.pointerId, place(event));
    gesture = begin(event, place(event));
    area.setPointerCapture(event.pointerId);
  });

  const FOLLOW = {
    pan(at) {
      const [dx, dy] = [at[0] - gesture.from[0], at[1] - gesture.from[1]];
      gesture.moved ||= Math.hypot(dx, dy) >= SMALLEST_DRAG;
      if (gesture.moved) Object.assign(view, { x: gesture.x + dx, y: gesture.y + dy });
    },
    pinch() {
      const now = spread(), { before } = gesture;
      if (pointers.size < 2) return;
      view.x += now.middle[0] - before.middle[0];
      view.y += now.middle[1] - before.middle[1];
      stage.zoomAt(now.distance / before.distance, now.middle);
      gesture.before = now;
    },
    draw(at, event) {
      const free = event.shiftKey || report.by("draw-free").checked;
      state.preview = { box: boxBetween(gesture.from, stage.toImage(at), free) };
    },
    shape(at) {
      const [x, y] = stage.toImage(at), { from, box, edges, index } = gesture;
      state.preview = { index, box: reshape(box, edges, [x - from[0], y - from[1]]) };
    },
  };

  area.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId) || !gesture || !state.entry) return;
    pointers.set(event.pointerId, place(event));
    if (gesture.kind !== "pinch" || pointers.size > 1) FOLLOW[gesture.kind](place(event), event);
    stage.redraw();
  });

  const isSmall = ([x0, y0, x1, y1]) => Math.min(x1 - x0, y1 - y0) * view.scale < SMALLEST_DRAG;

  const END = {
    pan: ({ moved, reference }) => { if (!moved) report.chosen(reference); },
    pinch: () => {},
    draw: ({ from }, preview) => report.drawn(!preview || isSmall(preview.box) ? stage.boxAround(from) : preview.box),
    shape: ({ index }, preview) => { if (preview && !isSmall(preview.box)) report.reshaped(index, preview.box); },
  };

  const release = (event) => {
    if (!pointers.delete(event.pointerId) || !gesture) return;
    const [done, { preview }] = [gesture, state];
    gesture = state.preview = null;
    if (event.type === "pointerup" && state.entry) END[done.kind](done, preview);
    stage.redraw();
  };
  area.addEventListener("pointerup", release);
  area.addEventListener("pointercancel", release);

  area.addEventListener("wheel", (event) => {
    if (!state.entry) return;
    event.preventDefault();
    goesTo(event);
    stage.zoomAt(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), place(event));
  }, { passive: false });

  area.addEventListener("dblclick", (event) => {
    if (!state.entry || drawing || event.target.closest(".mark")) return;
    goesTo(event);
    if (view.scale > stage.fitScale() * 1.5) stage.fit();
    else stage.zoomAt(3, place(event));
  });

  report.gestures = {
    setDrawing(on) {
      drawing = on;
      area.classList.toggle("drawing", on);
    },
    // Moves a box, or its right and lower edges, by some pixels of the image.
    nudge: (box, by, edges) => reshape(box, edges ? "se" : "move", by),
  };
  report.chosen = report.drawn = report.reshaped = () => {};
}
