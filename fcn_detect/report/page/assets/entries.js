"use strict";

// Images, which of their boxes are shown, and which images a filter leaves in what order.
{
  const SHARD = 500;

  report.filter = {
    threshold: 0.5, upTo: 1, hiddenLabels: new Set(), folder: "", text: "", show: "all",
    sort: "name", hideRepeats: false,
  };

  // A detection: [label, score, x0, y0, x1, y1, spot, partner].
  report.prepare = (entry, index) => {
    const slash = entry.name.lastIndexOf("/");
    const time = /^(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d)/.exec(entry.taken ?? "");
    return {
      ...entry, index,
      folder: slash < 0 ? "" : entry.name.slice(0, slash),
      short: entry.name.slice(slash + 1) || entry.name,
      lower: entry.name.toLowerCase(),
      found: (entry.found ?? []).map(detection),
      beside: entry.beside?.map(detection),
      hour: time ? Number(time[4]) : null,
    };
  };

  const detection = ([label, score, x0, y0, x1, y1, spot, partner]) =>
    ({ label, score, box: [x0, y0, x1, y1], spot, partner });

  report.picture = (kind, index) => {
    const ending = kind === "heat" ? "png" : "jpg";
    const shard = String(Math.floor(index / SHARD)).padStart(4, "0");
    return `${kind}/${shard}/${String(index).padStart(6, "0")}.${ending}`;
  };

  report.original = (entry) => {
    if (report.facts.originals === null) return null;
    try {
      const way = entry.name.split("/").map(encodeURIComponent).join("/");
      return entry.name.startsWith("/") ? `file://${way}` : report.facts.originals + way;
    } catch {
      return null; // a name that is no Unicode
    }
  };

  // Whether a box passes everything but the threshold.
  report.counts = (found) => {
    const filter = report.filter;
    return found.score <= filter.upTo && !filter.hiddenLabels.has(found.label) &&
      !(filter.hideRepeats && found.spot >= 0);
  };

  report.isShown = (found) => found.score >= report.filter.threshold && report.counts(found);

  report.shownOf = (entry) => entry.found.filter(report.isShown);

  report.besideOf = (entry) => (entry.beside ?? []).filter((found) => besideShown(entry, found));

  const besideShown = (entry, found) => {
    const partner = entry.found[found.partner];
    const repeat = report.filter.hideRepeats && partner !== undefined && partner.spot >= 0;
    return report.isShown(found) && !repeat;
  };

  // Detections that one of the two runs shows and the other does not: [only here, only there].
  report.differences = (entry) => {
    if (!entry.beside) return [0, 0];
    const here = report.shownOf(entry).filter((found) => {
      const partner = entry.beside[found.partner];
      return !(partner && besideShown(entry, partner));
    });
    const there = report.besideOf(entry).filter((found) => {
      const partner = entry.found[found.partner];
      return !(partner && report.isShown(partner));
    });
    return [here.length, there.length];
  };

  // Sums up the boxes shown, in the entry itself: this runs for all images at every step of the
  // slider.
  const sumUp = (entry) => {
    const { threshold } = report.filter;
    Object.assign(entry, { count: 0, best: -1, nearest: 2, repeats: 0, different: 0 });
    for (const found of entry.found) {
      if (!report.counts(found)) continue;
      entry.nearest = Math.min(entry.nearest, Math.abs(found.score - threshold));
      if (found.score < threshold) break; // the best come first
      if (entry.count === 0) entry.best = found.score;
      entry.count += 1;
      if (found.spot >= 0) entry.repeats += 1;
    }
    if (entry.beside) {
      const [here, there] = report.differences(entry);
      entry.different = here + there;
    }
  };

  const KINDS = {
    all: () => true,
    found: (entry) => entry.count > 0,
    none: (entry) => entry.count === 0 && !entry.failure,
    failed: (entry) => Boolean(entry.failure),
    different: (entry) => entry.different > 0,
    repeats: (entry) => entry.repeats > 0,
    corrected: (entry) => report.corrections.has(entry.name),
    open: (entry) => !entry.failure && !report.corrections.of(entry.name).checked,
  };

  const ORDERS = {
    name: (a, b) => a.index - b.index,
    best: (a, b) => b.best - a.best,
    uncertain: (a, b) => a.nearest - b.nearest,
    most: (a, b) => b.count - a.count,
    taken: (a, b) => (a.taken ?? "\uffff").localeCompare(b.taken ?? "\uffff"),
    different: (a, b) => b.different - a.different,
  };

  // The images that the filters leave, in order, and how many each kind would leave.
  report.select = () => {
    const { folder, text, show, sort } = report.filter;
    const wanted = text.trim().toLowerCase();
    const kinds = Object.entries(KINDS), tally = kinds.map(() => 0), chosen = [];
    let boxes = 0;
    for (const entry of report.entries) {
      sumUp(entry);
      if (folder !== "" && entry.folder !== folder.slice(1)) continue;
      if (wanted && !entry.lower.includes(wanted)) continue;
      for (let i = 0; i < kinds.length; i += 1) if (kinds[i][1](entry)) tally[i] += 1;
      if (!KINDS[show](entry)) continue;
      chosen.push(entry);
      boxes += entry.count;
    }
    if (sort !== "name") chosen.sort((a, b) => ORDERS[sort](a, b) || a.index - b.index);
    const counts = Object.fromEntries(kinds.map(([kind], i) => [kind, tally[i]]));
    return { chosen, counts, boxes };
  };
}
