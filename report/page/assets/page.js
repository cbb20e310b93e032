"use strict";
// The report: an overview that sorts and filters, and a page per scan.

const index = JSON.parse(document.getElementById("index").textContent);
const scans = index.scans;
const ramp = index.ramp; // 256 × [r, g, b]
const $ = (id) => document.getElementById(id);

const format = (v, digits) => (v === null || v === undefined ? "–" : Number(v).toLocaleString("en", { maximumFractionDigits: digits ?? 2, minimumFractionDigits: digits ?? 2, useGrouping: false }));

function element(tag, attributes, ...content) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attributes || {})) {
    if (k === "on") for (const [type, f] of Object.entries(v)) e.addEventListener(type, f);
    else if (v !== null && v !== undefined && v !== false) e.setAttribute(k, v);
  }
  e.append(...content.filter((c) => c !== null && c !== undefined));
  return e;
}

// level maps a score to 0…255 of the ramp on the scale of the batch.
function level(score) {
  const s = index.scale, t = (score - s.low) / (s.high - s.low);
  return Math.round(255 * Math.min(Math.max(Number.isFinite(t) ? t : 0, 0), 1));
}

// deviationColour: blue below, white at 0, orange above, up to the limit in mm.
function deviationColour(mm, limit) {
  if (Number.isNaN(mm)) return [0.45, 0.45, 0.47];
  const t = Math.min(Math.max(mm / limit, -1), 1), end = t < 0 ? [0.05, 0.28, 0.63] : [0.75, 0.35, 0.0], a = Math.abs(t);
  return end.map((v) => 0.95 * (1 - a) + v * a);
}

const REGION_COLOURS = [[230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [0, 114, 178], [213, 94, 0], [204, 121, 167]];

async function inflate(base64) {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const opened = new Map(); // the last few scans, decoded

async function load(k) {
  if (opened.has(k)) return opened.get(k);
  const raw = await inflate($("data-" + k).textContent);
  const size = new DataView(raw.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(raw.subarray(4, 4 + size)));
  let at = 4 + size;
  const take = (n) => raw.subarray(at, (at += n));
  const words = (n) => { // low bytes, then high bytes, of differences
    const lo = take(n), hi = take(n), out = new Uint16Array(n);
    let sum = 0;
    for (let i = 0; i < n; i++) out[i] = sum = (sum + lo[i] + 256 * hi[i]) & 0xffff;
    return out;
  };
  const d = { head, map: take(head.map.width * head.map.height) };
  const n = head.points, mask = take(head.grid.width * head.grid.height);
  const axes = [words(n), words(n), words(n)];
  d.positions = new Float32Array(3 * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < 3; j++) d.positions[3 * i + j] = head.low[j] + (head.size[j] * axes[j][i]) / 65535;
  d.score = take(n);
  const micrometres = words(n);
  d.deviation = new Float32Array(n);
  for (let i = 0; i < n; i++) d.deviation[i] = micrometres[i] === 0 ? NaN : (micrometres[i] - 32768) / 1000;
  d.region = take(n);
  d.rgb = [take(n), take(n), take(n)];
  const place = new Int32Array(mask.length);
  for (let i = 0, j = 0; i < mask.length; i++) place[i] = mask[i] ? j++ : -1;
  Object.assign(d, mesh(place, head.grid.width, head.grid.height, d.positions));
  opened.set(k, d);
  if (opened.size > 8) opened.delete(opened.keys().next().value);
  return d;
}

// heat draws score levels over a grey photo, as the heat-map pictures do.
function heat(canvas, photo, levels, w, h, highest, strength) {
  canvas.width = w;
  canvas.height = h;
  const c = canvas.getContext("2d", { willReadFrequently: true });
  if (photo) c.drawImage(photo, 0, 0, w, h);
  const im = c.getImageData(0, 0, w, h);
  for (let i = 0; i < w * h; i++) {
    const l = level((levels[i] / 255) * highest), cover = (Math.min(2 * l, 225) / 255) * strength, q = 4 * i;
    const grey = (0.299 * im.data[q] + 0.587 * im.data[q + 1] + 0.114 * im.data[q + 2]) * 0.75;
    for (let k = 0; k < 3; k++) {
      const base = im.data[q + k] * (1 - strength) + grey * strength;
      im.data[q + k] = base * (1 - cover) + ramp[l][k] * cover;
    }
    im.data[q + 3] = 255;
  }
  c.putImageData(im, 0, 0);
}

function picture(k) {
  return new Promise((resolve) => {
    const im = new Image();
    im.onload = () => resolve(im);
    im.onerror = () => resolve(null);
    im.src = "data:image/jpeg;base64," + $("photo-" + k).textContent;
  });
}

// Thumbnails are drawn when they come into view, the others by and by.
function thumbnails() {
  const left = new Set(document.querySelectorAll("canvas.thumb"));
  const draw = (canvas) => {
    const s = scans[Number(canvas.dataset.scan)];
    if (!left.delete(canvas) || !s.thumb) return Promise.resolve();
    const levels = Uint8Array.from(atob(s.thumb.levels), (c) => c.charCodeAt(0)), im = new Image();
    return new Promise((resolve) => {
      const paint = (photo) => {
        heat(canvas, photo, levels, s.thumb.width, s.thumb.height, s.thumb.highest, 1);
        resolve();
      };
      im.onload = () => paint(im);
      im.onerror = () => paint(null);
      im.src = "data:image/jpeg;base64," + s.thumb.photo;
    });
  };
  const seen = new IntersectionObserver((entries) => {
    for (const e of entries) if (e.isIntersecting) draw(e.target);
  }, { rootMargin: "400px" });
  for (const c of left) seen.observe(c);
  const next = () => {
    const [c] = left;
    if (c) draw(c).then(() => setTimeout(next, 4));
  };
  setTimeout(next, 300);
}

function sorting() {
  const table = $("scans"), body = table.tBodies[0];
  table.tHead.addEventListener("click", (e) => {
    const button = e.target.closest("button");
    if (!button) return;
    const th = button.closest("th"), column = th.cellIndex, up = th.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.querySelectorAll("th[aria-sort]")) other.setAttribute("aria-sort", "none");
    th.setAttribute("aria-sort", up ? "ascending" : "descending");
    const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    const rows = [...body.rows].sort((a, b) => {
      const x = value(a), y = value(b), p = parseFloat(x), q = parseFloat(y);
      const order = th.dataset.kind === "number" ? (Number.isNaN(p) ? -Infinity : p) - (Number.isNaN(q) ? -Infinity : q) : x.localeCompare(y, "en", { numeric: true });
      return (up ? order : -order) || Number(a.dataset.scan) - Number(b.dataset.scan);
    });
    body.append(...rows);
  });
}

function filtering() {
  const text = $("filter"), verdict = $("filter-verdict"), rows = [...$("scans").tBodies[0].rows];
  const apply = () => {
    let shown = 0;
    for (const row of rows) {
      const fits = (!verdict.value || row.dataset.verdict === verdict.value) && row.dataset.search.includes(text.value.toLowerCase());
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    $("filter-count").textContent = shown + " of " + rows.length + " scans";
  };
  text.addEventListener("input", apply);
  verdict.addEventListener("change", apply);
  apply();
}

// order lists the scans as the table shows them.
function order() {
  const rows = [...$("scans").tBodies[0].rows].filter((r) => !r.hidden && scans[Number(r.dataset.scan)].data);
  return rows.map((r) => Number(r.dataset.scan));
}

let viewer = null, current = -1;

function verdictOf(s) {
  return element("span", { class: "verdict " + (s.verdict || "none") }, s.verdict || "no verdict");
}

function facts(s) {
  const unit = index.scale.threshold > 0 ? ` (${format(s.peak / index.scale.threshold)} × the pixel threshold)` : "";
  const rows = [
    ["verdict", verdictOf(s)], ["why", s.why || "–"], ["score (no unit)", format(s.score, 4)],
    ["highest pixel", `${format(s.peak, 4)} at x ${s.x}, y ${s.y}${unit}`],
  ];
  if (s.defect) rows.push(["label", s.defect]);
  if (s.seconds !== undefined) rows.push(["time to read and score", format(s.seconds, 2) + " s"]);
  rows.push(["file", s.source || "–"]);
  const list = element("dl", { class: "facts" });
  for (const [name, value] of rows) list.append(element("dt", {}, name), element("dd", {}, value));
  return list;
}

function regionTable(s, show) {
  if (!s.regions) return element("p", { class: "hint" }, "No regions were sought: there is no pixel threshold.");
  if (!s.regions.length) return element("p", {}, "No region above the pixel threshold" + (s.ignored ? `; ${s.ignored} below the tolerance.` : "."));
  const names = (s.regions[0].shares || []).map((p) => p.name);
  const heads = ["region", "area mm²", "⌀ mm", "height mm", "x mm", "y mm", "z mm", "highest score", "mean", "no data %", "by", ...names.map((n) => n + " %")];
  const table = element("table", { class: "regions" },
    element("thead", {}, element("tr", {}, ...heads.map((h) => element("th", { scope: "col" }, h)))));
  const body = element("tbody");
  for (const r of s.regions) {
    const h = r.height, cells = [
      format(r.area_mm2), format(r.diameter_mm), h ? (h.height_mm > 0 ? "+" : "") + format(h.height_mm) + (h.certain ? "" : " ?") : "–",
      ...r.centroid_mm.map((v) => format(v)), format(r.peak.value, 3), format(r.mean, 3), format(100 * r.missing, 0), r.extent,
      ...(r.shares || []).map((p) => format(100 * p.share, 0)),
    ];
    body.append(element("tr", {},
      element("th", { scope: "row" }, element("button", { type: "button", class: "swatch", title: "show in the 3-D view", on: { click: () => show(r) } }, String(r.id))),
      ...cells.map((c) => element("td", {}, c))));
  }
  table.append(body);
  return element("div", { class: "wide" }, table, element("p", { class: "hint" },
    "Millimetres in the sensor's frame: x right, y down, z away. Height against the sound part, or else the surface around the region, positive towards the sensor; “?” where the sign is not certain. " +
    "By: what the area is: where geometry or colour differ from the sound part's, or the score map above half of its peak." +
    (s.ignored ? ` ${s.ignored} regions below the tolerance are left out.` : "")));
}

function legend(mode, limit) {
  const box = $("legend");
  box.replaceChildren();
  const bar = (stops, ticks, unit) => {
    const strip = element("div", { class: "strip" });
    strip.style.background = "linear-gradient(to right," + stops.join(",") + ")";
    const marks = element("div", { class: "ticks" }, ...ticks.map((t) => element("span", {}, t)));
    box.append(strip, marks, element("div", { class: "unit" }, unit));
  };
  const css = (c) => `rgb(${c.map((v) => Math.round(v)).join(" ")})`;
  if (mode === "score") {
    const t = index.scale.threshold, s = index.scale, at = (q) => s.low + (s.high - s.low) * q;
    bar([0, 0.2, 0.4, 0.6, 0.8, 1].map((q) => css(ramp[Math.round(255 * q)])),
      [0, 0.25, 0.5, 0.75, 1].map((q) => (t > 0 ? format(at(q) / t, 2) + " ×" : format(at(q), 2))),
      t > 0 ? "score, multiples of the pixel threshold" : "score (no unit)");
  } else if (mode === "deviation") {
    bar([-1, -0.5, 0, 0.5, 1].map((q) => css(deviationColour(q * limit, limit).map((v) => 255 * v))),
      [-1, -0.5, 0, 0.5, 1].map((q) => (q > 0 ? "+" : "") + format(q * limit, 2)), "deviation from the surface around the region, mm; grey: none fitted");
  } else if (mode === "region") {
    box.append(element("div", { class: "unit" }, "a colour per region; grey: none"));
  } else {
    box.append(element("div", { class: "unit" }, "colours of the photo, or of the lit surface where there is none"));
  }
}

function colours(d, mode, limit) {
  const n = d.score.length, out = new Float32Array(3 * n);
  for (let i = 0; i < n; i++) {
    let c;
    if (mode === "score") {
      const l = level((d.score[i] / 255) * d.head.highest);
      c = ramp[l].map((v) => v / 255);
    } else if (mode === "deviation") c = deviationColour(d.deviation[i], limit);
    else if (mode === "region") c = d.region[i] ? REGION_COLOURS[(d.region[i] - 1) % REGION_COLOURS.length].map((v) => v / 255) : [0.55, 0.55, 0.57];
    else c = [d.rgb[0][i] / 255, d.rgb[1][i] / 255, d.rgb[2][i] / 255];
    out.set(c, 3 * i);
  }
  return out;
}

async function showScan(k) {
  if (viewer) {
    viewer.close();
    viewer = null;
  }
  current = k;
  const s = scans[k];
  $("overview").hidden = true;
  $("scan").hidden = false;
  $("scan-title").textContent = s.name;
  document.title = s.name + " – " + index.title;
  $("scan-facts").replaceChildren(facts(s));
  const all = order(), at = all.indexOf(k);
  $("previous").href = at > 0 ? "#/scan/" + all[at - 1] : "#/";
  $("next").href = at >= 0 && at + 1 < all.length ? "#/scan/" + all[at + 1] : "#/";
  const message = $("view-message");
  message.textContent = "decoding…";
  $("scan-regions").replaceChildren(regionTable(s, (r) => viewer && viewer.look(r.centroid_mm, r.diameter_mm)));
  $("scan-title").focus({ preventScroll: true });
  scrollTo(0, 0);
  let d, photo;
  try {
    [d, photo] = await Promise.all([load(k), picture(k)]);
  } catch (e) {
    message.textContent = "The data of this scan cannot be decoded: " + e.message;
    return;
  }
  if (current !== k) return;
  const slider = $("overlay"), draw = () => heat($("photo"), photo, d.map, d.head.map.width, d.head.map.height, d.head.highest, slider.value / 100);
  slider.oninput = draw;
  draw();
  $("photo").setAttribute("aria-label", `photo of ${s.name} under its score map; highest score at x ${s.x}, y ${s.y}`);
  // A canvas that lost its context has no second one.
  const canvas = element("canvas", { id: "view", tabindex: "0", role: "img", "aria-label": `3-D view of ${s.name}: arrow keys turn, shift and arrow keys move, plus and minus zoom, 0 resets` });
  $("view").replaceWith(canvas);
  const largest = Math.max(0, ...Array.from(d.deviation).filter((v) => !Number.isNaN(v)).map(Math.abs));
  const limit = Math.max(0.1, Math.min(Number(largest.toPrecision(1)) || 1, 5)), mode = $("colour"), light = $("light"), surface = $("surface");
  try {
    viewer = new Viewer(canvas, d);
  } catch (e) {
    message.textContent = "No 3-D view: " + e.message + ".";
    return;
  }
  const paint = () => {
    legend(mode.value, limit);
    viewer.lit = light.checked ? 1 : 0;
    viewer.surface = surface.checked;
    viewer.paint(colours(d, mode.value, limit));
  };
  mode.onchange = light.onchange = surface.onchange = paint;
  $("reset").onclick = () => viewer.reset();
  paint();
  const size = viewer.size.map((v) => format(v, 1)).join(" × ");
  canvas.dataset.points = String(d.score.length);
  message.textContent = `${d.score.length} points of ${d.head.measured} that were measured; ${size} mm (x, y, z).`;
}

function showOverview() {
  if (viewer) {
    viewer.close();
    viewer = null;
  }
  const from = current;
  current = -1;
  $("overview").hidden = false;
  $("scan").hidden = true;
  document.title = index.title;
  const link = from >= 0 && document.querySelector(`tr[data-scan="${from}"] a`);
  if (link) link.focus();
}

function route() {
  const m = /^#\/scan\/(\d+)$/.exec(location.hash), k = m ? Number(m[1]) : -1;
  if (k >= 0 && k < scans.length && scans[k].data) showScan(k);
  else showOverview();
}

function theme() {
  const root = document.documentElement, button = $("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  try {
    const kept = localStorage.getItem("iad3d-theme");
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  } catch (e) { /* a file without storage */ }
  const label = () => { button.textContent = dark() ? "light" : "dark"; };
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try {
      localStorage.setItem("iad3d-theme", root.dataset.theme);
    } catch (e) { /* likewise */ }
    label();
  });
  label();
}

addEventListener("keydown", (e) => {
  if (current < 0 || e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) return;
  if (e.key === "Escape") location.hash = "#/";
  else if (e.key === "n") location.hash = $("next").hash;
  else if (e.key === "p") location.hash = $("previous").hash;
});

theme();
sorting();
filtering();
thumbnails();
addEventListener("hashchange", route);
route();
document.documentElement.dataset.ready = "yes";
