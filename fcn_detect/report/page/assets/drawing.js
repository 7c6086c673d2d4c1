"use strict";

// Boxes as vectors over thumbnails: a few paths an image, whatever the number of boxes.
{
  const PALETTE = 8;

  report.colour = (label) => `c${label % PALETTE}`;

  const rectangle = ([x0, y0, x1, y1]) => `M${x0} ${y0}H${x1}V${y1}H${x0}Z`;

  // How a box is drawn: by label, by verdict, and by whether both runs have it.
  report.styleOf = (entry, found, there = false) => {
    const verdict = there ? null : report.corrections.verdict(entry.name, found);
    const classes = [report.colour(found.label)];
    if (found.spot >= 0) classes.push("repeat");
    if (verdict) classes.push(verdict);
    if (entry.beside) {
      const others = there ? entry.found : entry.beside;
      const partner = others[found.partner];
      const both = partner !== undefined && report.isShown(partner);
      classes.push(both ? "both" : there ? "only-there" : "only-here");
    }
    return classes.join(" ");
  };

  // What is drawn over a thumbnail: a path for each style.
  report.paths = (entry) => {
    const groups = new Map();
    const add = (style, box) => groups.set(style, (groups.get(style) ?? "") + rectangle(box));
    for (const found of report.shownOf(entry)) add(report.styleOf(entry, found), found.box);
    for (const found of report.besideOf(entry)) {
      const style = report.styleOf(entry, found, true);
      if (style.endsWith("only-there")) add(style, found.box);
    }
    for (const missed of report.corrections.of(entry.name).missed) add("missed", missed.box);
    return groups;
  };

  // Such paths as an SVG over a thumbnail of an image.
  report.overlay = ({ size: [width, height] }, groups) => {
    const drawn = report.svg("svg", {
      viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "xMidYMid meet", "aria-hidden": "true",
    });
    for (const [style, path] of groups) {
      drawn.append(
        report.svg("path", { class: "halo", d: path }),
        report.svg("path", { class: `box ${style}`, d: path }),
      );
    }
    return drawn;
  };
}
