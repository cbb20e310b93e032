"use strict";
// A viewer for one organised cloud: a lit mesh that turns, zooms and shifts.
// Lengths are millimetres in the sensor's frame: x right, y down, z away.

const VERTEX = `#version 300 es
in vec3 position;
in vec3 normal;
in vec3 colour;
uniform mat4 project;
uniform float dot_size;
out vec3 v_colour;
out vec3 v_normal;
void main() {
  gl_Position = project * vec4(position, 1.0);
  gl_PointSize = dot_size;
  v_colour = colour;
  v_normal = normal;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec3 v_colour;
in vec3 v_normal;
uniform vec3 light;
uniform float lit;
out vec4 colour;
void main() {
  float n = length(v_normal);
  float facing = n > 0.0 ? abs(dot(v_normal / n, light)) : 1.0;
  colour = vec4(v_colour * mix(1.0, 0.35 + 0.65 * facing, lit), 1.0);
}`;

class Viewer {
  // cloud: {positions: Float32Array 3n, triangles: Uint32Array, normals: Float32Array 3n}
  constructor(canvas, cloud) {
    this.canvas = canvas;
    this.cloud = cloud;
    const gl = canvas.getContext("webgl2", { antialias: true, preserveDrawingBuffer: true });
    if (!gl) throw new Error("this browser has no WebGL 2");
    this.gl = gl;
    this.program = this.link();
    this.place = {
      project: gl.getUniformLocation(this.program, "project"),
      light: gl.getUniformLocation(this.program, "light"),
      lit: gl.getUniformLocation(this.program, "lit"),
      dot: gl.getUniformLocation(this.program, "dot_size"),
    };
    this.measure();
    this.array = gl.createVertexArray();
    gl.bindVertexArray(this.array);
    this.buffer("position", cloud.positions, 3);
    this.buffer("normal", cloud.normals, 3);
    this.colours = this.buffer("colour", new Float32Array(cloud.positions.length), 3);
    const index = gl.createBuffer();
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, index);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, cloud.triangles, gl.STATIC_DRAW);
    this.lit = 1;
    this.surface = true;
    this.reset();
    this.listen();
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(canvas);
  }

  link() {
    const gl = this.gl, p = gl.createProgram();
    for (const [type, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const s = gl.createShader(type);
      gl.shaderSource(s, text);
      gl.compileShader(s);
      if (!gl.getShaderParameter(s, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(s));
      gl.attachShader(p, s);
    }
    gl.linkProgram(p);
    if (!gl.getProgramParameter(p, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(p));
    return p;
  }

  buffer(name, data, size) {
    const gl = this.gl, b = gl.createBuffer(), at = gl.getAttribLocation(this.program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, b);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, size, gl.FLOAT, false, 0, 0);
    return b;
  }

  measure() {
    const p = this.cloud.positions, lo = [Infinity, Infinity, Infinity], hi = [-Infinity, -Infinity, -Infinity];
    for (let i = 0; i < p.length; i++) {
      lo[i % 3] = Math.min(lo[i % 3], p[i]);
      hi[i % 3] = Math.max(hi[i % 3], p[i]);
    }
    this.middle = lo.map((v, k) => (v + hi[k]) / 2);
    this.size = hi.map((v, k) => v - lo[k]);
    this.radius = Math.max(Math.hypot(...this.size) / 2, 1e-3);
    this.reach = Math.max(0.62 * Math.max(this.size[0], this.size[1]), 0.82 * this.radius); // what the first view shows
  }

  reset() {
    this.yaw = 0;
    this.pitch = 0;
    this.zoom = 1;
    this.target = this.middle.slice();
    this.draw();
  }

  // look turns the view to a place, in mm, and comes closer.
  look(place, size) {
    this.target = place.slice();
    this.zoom = Math.min(Math.max(this.radius / Math.max(size * 2.5, this.radius / 12), 1), 12);
    this.draw();
  }

  paint(colours) {
    const gl = this.gl;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.colours);
    gl.bufferData(gl.ARRAY_BUFFER, colours, gl.STATIC_DRAW);
    this.draw();
  }

  // axes returns the directions right, down and away of the view in the cloud's frame.
  axes() {
    const cy = Math.cos(this.yaw), sy = Math.sin(this.yaw), cp = Math.cos(this.pitch), sp = Math.sin(this.pitch);
    return { right: [cy, 0, -sy], down: [sy * sp, cp, cy * sp], away: [sy * cp, -sp, cy * cp] };
  }

  draw() {
    if (this.gone || this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      if (!this.gone) this.render();
    });
  }

  render() {
    const gl = this.gl, c = this.canvas, ratio = Math.min(window.devicePixelRatio || 1, 2);
    const w = Math.max(1, Math.round(c.clientWidth * ratio)), h = Math.max(1, Math.round(c.clientHeight * ratio));
    if (c.width !== w || c.height !== h) {
      c.width = w;
      c.height = h;
    }
    gl.viewport(0, 0, w, h);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    gl.useProgram(this.program);
    gl.bindVertexArray(this.array);
    const away = this.axes().away;
    gl.uniformMatrix4fv(this.place.project, false, this.matrix(w / h));
    gl.uniform3f(this.place.light, -away[0], -away[1], -away[2]);
    gl.uniform1f(this.place.lit, this.lit);
    gl.uniform1f(this.place.dot, Math.max(1.5, 2 * ratio * Math.sqrt(this.zoom)));
    if (this.surface && this.cloud.triangles.length > 0) {
      gl.drawElements(gl.TRIANGLES, this.cloud.triangles.length, gl.UNSIGNED_INT, 0);
    } else {
      gl.drawArrays(gl.POINTS, 0, this.cloud.positions.length / 3);
    }
    c.dataset.yaw = this.yaw.toFixed(3);
    c.dataset.pitch = this.pitch.toFixed(3);
    c.dataset.zoom = this.zoom.toFixed(3);
    c.dataset.frames = String(Number(c.dataset.frames || 0) + 1);
  }

  matrix(aspect) {
    const { right, down, away } = this.axes(), t = this.target;
    const f = 2.6, fit = Math.min(1, aspect); // focal length: a view angle of 42 degrees
    const distance = (this.reach * f * 1.06) / fit / this.zoom;
    const near = Math.max(distance - 4 * this.radius, this.reach / 200), far = distance + 4 * this.radius;
    const row = (d) => [d[0], d[1], d[2], -(d[0] * t[0] + d[1] * t[1] + d[2] * t[2])];
    const r = row(right), d = row(down), a = row(away);
    a[3] += distance;
    const k = (far + near) / (far - near), m = (-2 * far * near) / (far - near);
    const out = new Float32Array(16);
    for (let i = 0; i < 4; i++) {
      out[4 * i] = (f / aspect) * r[i];
      out[4 * i + 1] = -f * d[i];
      out[4 * i + 2] = k * a[i] + (i === 3 ? m : 0);
      out[4 * i + 3] = a[i];
    }
    this.distance = distance;
    return out;
  }

  turn(dx, dy) {
    this.yaw -= dx;
    this.pitch = Math.min(Math.max(this.pitch + dy, -Math.PI / 2), Math.PI / 2);
    this.draw();
  }

  shift(dx, dy) { // in shares of the view's height
    const { right, down } = this.axes(), k = this.distance / 1.3;
    for (let i = 0; i < 3; i++) this.target[i] -= k * (dx * right[i] + dy * down[i]);
    this.draw();
  }

  scale(by) {
    this.zoom = Math.min(Math.max(this.zoom * by, 0.3), 60);
    this.draw();
  }

  listen() {
    const c = this.canvas, fingers = new Map();
    const spread = () => {
      const [a, b] = [...fingers.values()];
      return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, d: Math.hypot(a.x - b.x, a.y - b.y) };
    };
    c.addEventListener("pointerdown", (e) => {
      c.setPointerCapture(e.pointerId);
      fingers.set(e.pointerId, { x: e.clientX, y: e.clientY });
      c.focus({ preventScroll: true });
    });
    c.addEventListener("pointermove", (e) => {
      const last = fingers.get(e.pointerId);
      if (!last) return;
      const now = { x: e.clientX, y: e.clientY }, h = c.clientHeight || 1;
      if (fingers.size === 2) {
        const before = spread();
        fingers.set(e.pointerId, now);
        const after = spread();
        if (before.d > 0) this.scale(after.d / before.d);
        this.shift((after.x - before.x) / h, (after.y - before.y) / h);
        return;
      }
      fingers.set(e.pointerId, now);
      const dx = (now.x - last.x) / h, dy = (now.y - last.y) / h;
      if (e.shiftKey || e.buttons === 2 || e.buttons === 4) this.shift(dx, dy);
      else this.turn(dx * 3.5, dy * 3.5);
    });
    for (const end of ["pointerup", "pointercancel"]) c.addEventListener(end, (e) => fingers.delete(e.pointerId));
    c.addEventListener("contextmenu", (e) => e.preventDefault());
    c.addEventListener("wheel", (e) => {
      e.preventDefault();
      this.scale(Math.exp(-e.deltaY * (e.deltaMode === 1 ? 0.05 : 0.0015)));
    }, { passive: false });
    c.addEventListener("dblclick", () => this.reset());
    c.addEventListener("keydown", (e) => {
      const step = 0.12, move = 0.06;
      const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      if (e.key in arrows) {
        const [x, y] = arrows[e.key];
        if (e.shiftKey) this.shift(x * move, y * move);
        else this.turn(x * step, y * step);
      } else if (e.key === "+" || e.key === "=") this.scale(1.2);
      else if (e.key === "-" || e.key === "_") this.scale(1 / 1.2);
      else if (e.key === "0" || e.key === "Home") this.reset();
      else return;
      e.preventDefault();
      e.stopPropagation();
    });
  }

  close() {
    this.gone = true;
    this.observer.disconnect();
    const lose = this.gl.getExtension("WEBGL_lose_context");
    if (lose) lose.loseContext();
  }
}

// mesh joins neighbours of a raster whose points are near: index has the point of
// each pixel, -1 for none.
function mesh(index, w, h, p) {
  const far = (a, b) => Math.hypot(p[3 * a] - p[3 * b], p[3 * a + 1] - p[3 * b + 1], p[3 * a + 2] - p[3 * b + 2]);
  const steps = [];
  for (let i = 0; i + 1 < index.length; i++) {
    if ((i + 1) % w && index[i] >= 0 && index[i + 1] >= 0) steps.push(far(index[i], index[i + 1]));
  }
  steps.sort((a, b) => a - b);
  const most = 6 * (steps[steps.length >> 1] || 0), triangles = [];
  const add = (a, b, c) => {
    if (a >= 0 && b >= 0 && c >= 0 && Math.max(far(a, b), far(b, c), far(a, c)) <= most) triangles.push(a, b, c);
  };
  for (let y = 0; y + 1 < h; y++) {
    for (let x = 0; x + 1 < w; x++) {
      const i = y * w + x, a = index[i], b = index[i + 1], c = index[i + w], d = index[i + w + 1];
      if (b >= 0 && c >= 0) {
        add(a, c, b);
        add(b, c, d);
      } else {
        add(a, d, b);
        add(a, c, d);
      }
    }
  }
  const normals = new Float32Array(p.length);
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [3 * triangles[t], 3 * triangles[t + 1], 3 * triangles[t + 2]];
    const u = [p[b] - p[a], p[b + 1] - p[a + 1], p[b + 2] - p[a + 2]], v = [p[c] - p[a], p[c + 1] - p[a + 1], p[c + 2] - p[a + 2]];
    const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    for (const k of [a, b, c]) for (let j = 0; j < 3; j++) normals[k + j] += n[j];
  }
  return { triangles: new Uint32Array(triangles), normals };
}
