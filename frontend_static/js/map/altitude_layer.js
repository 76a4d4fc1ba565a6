// @ts-check
/**
 * Lines and marks at altitude, which MapLibre's own layers cannot draw: a custom layer of WebGL 2.
 *
 * Positions are offsets from an anchor near the data, so that 32 bits hold them to millimetres; the
 * anchor goes into the matrix in 64 bits.
 */
import { MercatorCoordinate } from 'maplibre-gl';
import { LINE_FRAGMENT, LINE_VERTEX, MARK_FRAGMENT, MARK_VERTEX } from './altitude_shaders.js';

/** @typedef {{ x: number, y: number, z: number }} Spot offset from the anchor, mercator units */
/** @typedef {[number, number, number, number]} Rgba each 0 to 1 */
/**
 * @typedef {object} Line
 * @property {Spot} from
 * @property {Spot} to
 * @property {number} [from_s]
 * @property {number} [to_s]
 * @property {Rgba} colour
 * @property {number} width pixels
 * @property {[number, number]} [life] begin and end, s: it is not drawn before and after
 * @property {boolean} [trail] faint and dashed after now, fading before
 * @property {number} [dash] length of a dash, in the unit of `from_s`
 */
/** @typedef {{ at: Spot, colour: Rgba, radius: number, shape: number }} Mark */

const LINE_FLOATS = 17;
const MARK_FLOATS = 9;
const CORNERS = new Float32Array([0, -1, 1, -1, 0, 1, 1, 1]);
const SQUARE = new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]);
const LINE_PARTS = /** @type {const} */ ([['a_from', 4], ['a_to', 4], ['a_colour', 4], ['a_look', 3], ['a_life', 2]]);
const MARK_PARTS = /** @type {const} */ ([['a_at', 3], ['a_colour', 4], ['a_look', 2]]);
/** Seconds of flight that the trail behind a mark takes to fade. */
const TRAIL_S = 300;

/** A colour as #RRGGBB, each part 0 to 1. @returns {Rgba} */
export function rgba(/** @type {string} */ hex, alpha = 1) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
  return [r, g, b, alpha];
}

/** Positions around a place in degrees. */
export class Anchor {
  constructor(/** @type {number} */ lon, /** @type {number} */ lat) {
    this.origin = MercatorCoordinate.fromLngLat([lon, lat], 0);
  }

  /** The offset of a place at a height in metres. @returns {Spot} */
  spot(/** @type {number} */ lon, /** @type {number} */ lat, /** @type {number} */ metres) {
    const { x, y, z } = MercatorCoordinate.fromLngLat([lon, lat], metres);
    return { x: x - this.origin.x, y: y - this.origin.y, z };
  }
}

/** The product of a matrix, by columns, and a move to the anchor. */
export function anchored(/** @type {ArrayLike<number>} */ m, /** @type {{ x: number, y: number }} */ { x, y }) {
  const moved = Float64Array.from(m);
  for (const row of [0, 1, 2, 3]) moved[12 + row] = m[row] * x + m[4 + row] * y + m[12 + row];
  return moved;
}

/** @param {WebGL2RenderingContext} gl @param {string} vertex @param {string} fragment */
function program(gl, vertex, fragment) {
  const made = gl.createProgram();
  for (const [kind, text] of /** @type {const} */ ([[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(kind));
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made) ?? 'shader');
  return made;
}

/** One kind of instances: a program, a buffer of corners, a buffer of instances. */
class Batch {
  /**
   * @param {WebGL2RenderingContext} gl @param {WebGLProgram} made @param {Float32Array} corners
   * @param {readonly (readonly [string, number])[]} parts
   */
  constructor(gl, made, corners, parts) {
    this.gl = gl;
    this.program = made;
    this.count = 0;
    this.array = gl.createVertexArray();
    this.buffer = gl.createBuffer();
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, corners, gl.STATIC_DRAW);
    this.#point('a_corner', 2, 8, 0, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    const stride = parts.reduce((sum, [, size]) => sum + size, 0) * 4;
    let offset = 0;
    for (const [name, size] of parts) {
      this.#point(name, size, stride, offset, 1);
      offset += size * 4;
    }
    gl.bindVertexArray(null);
  }

  /** @param {string} name @param {number} size @param {number} stride @param {number} offset @param {number} each */
  #point(name, size, stride, offset, each) {
    const at = this.gl.getAttribLocation(this.program, name);
    this.gl.enableVertexAttribArray(at);
    this.gl.vertexAttribPointer(at, size, this.gl.FLOAT, false, stride, offset);
    this.gl.vertexAttribDivisor(at, each);
  }

  fill(/** @type {Float32Array} */ values, /** @type {number} */ count) {
    this.count = count;
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffer);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, values, this.gl.DYNAMIC_DRAW);
  }

  /** @param {Record<string, number | number[] | Float32Array>} uniforms */
  draw(uniforms) {
    const { gl } = this;
    if (!this.count) return;
    gl.useProgram(this.program);
    for (const [name, value] of Object.entries(uniforms)) {
      const at = gl.getUniformLocation(this.program, name);
      if (typeof value === 'number') gl.uniform1f(at, value);
      else if (value.length === 16) gl.uniformMatrix4fv(at, false, value);
      else if (value.length === 3) gl.uniform3fv(at, value);
      else gl.uniform2fv(at, value);
    }
    gl.bindVertexArray(this.array);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.count);
    gl.bindVertexArray(null);
  }
}

/** @param {Line[]} lines */
function packLines(lines) {
  const values = new Float32Array(lines.length * LINE_FLOATS);
  lines.forEach(({ from, to, from_s = 0, to_s = 0, colour, width, life, trail, dash = 0 }, n) => {
    const look = [width, trail ? 1 : life ? 2 : 0, dash, ...(life ?? [0, 0])];
    values.set([from.x, from.y, from.z, from_s, to.x, to.y, to.z, to_s, ...colour, ...look], n * LINE_FLOATS);
  });
  return values;
}

/** @param {Mark[]} marks */
function packMarks(marks) {
  const values = new Float32Array(marks.length * MARK_FLOATS);
  marks.forEach(({ at, colour, radius, shape }, n) => {
    values.set([at.x, at.y, at.z, ...colour, radius, shape], n * MARK_FLOATS);
  });
  return values;
}

/** The layer. `prepare` is asked before each frame for what moves; what stands is set once. */
export class AltitudeLayer {
  /** @param {string} id @param {() => { now_s: number, lines: Line[], marks: Mark[], casing: number[] }} prepare */
  constructor(id, prepare) {
    this.id = id;
    this.type = /** @type {const} */ ('custom');
    this.renderingMode = /** @type {const} */ ('2d');
    this.prepare = prepare;
    this.anchor = new Anchor(0, 0);
    /** @type {Line[]} */
    this.standing = [];
    this.dirty = true;
    /** The matrix of the last frame. @type {Float64Array | null} */
    this.matrix = null;
    /** Milliseconds of script that the last frames took. @type {number[]} */
    this.took = [];
  }

  /** Set what stands, and the anchor of all. */
  place(/** @type {Anchor} */ anchor, /** @type {Line[]} */ standing) {
    this.anchor = anchor;
    this.standing = standing;
    this.dirty = true;
  }

  /** Where an offset from the anchor was drawn last, pixels; null behind the eye. */
  project(/** @type {Spot} */ { x, y, z }) {
    const m = this.matrix;
    const canvas = this.map?.getCanvas();
    if (!m || !canvas) return null;
    const [cx, cy, w] = [0, 1, 3].map((row) => m[row] * x + m[4 + row] * y + m[8 + row] * z + m[12 + row]);
    if (w <= 0) return null;
    return { x: ((cx / w + 1) / 2) * canvas.clientWidth, y: ((1 - cy / w) / 2) * canvas.clientHeight };
  }

  onAdd(/** @type {import('maplibre-gl').Map} */ map, /** @type {WebGL2RenderingContext} */ gl) {
    this.map = map;
    const line = program(gl, LINE_VERTEX, LINE_FRAGMENT);
    this.fixed = new Batch(gl, line, CORNERS, LINE_PARTS);
    this.stems = new Batch(gl, line, CORNERS, LINE_PARTS);
    this.heads = new Batch(gl, program(gl, MARK_VERTEX, MARK_FRAGMENT), SQUARE, MARK_PARTS);
    this.dirty = true;
  }

  /** @param {WebGL2RenderingContext} gl @param {import('maplibre-gl').CustomRenderMethodInput} options */
  render(gl, { defaultProjectionData: { mainMatrix } }) {
    const { fixed, stems, heads } = this;
    if (!fixed || !stems || !heads) return;
    const started = performance.now();
    const { now_s, lines, marks, casing } = this.prepare();
    if (this.dirty) fixed.fill(packLines(this.standing), this.standing.length);
    this.dirty = false;
    stems.fill(packLines(lines), lines.length);
    heads.fill(packMarks(marks), marks.length);
    this.matrix = anchored(mainMatrix, this.anchor.origin);
    const u_matrix = new Float32Array(this.matrix);
    const ratio = this.map?.getPixelRatio() ?? 1;
    const u_viewport = [gl.drawingBufferWidth / ratio, gl.drawingBufferHeight / ratio];
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.disable(gl.CULL_FACE);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    for (const batch of [fixed, stems]) batch.draw({ u_matrix, u_viewport, u_now: now_s, u_trail: TRAIL_S });
    heads.draw({ u_matrix, u_viewport, u_casing: casing });
    this.took.push(performance.now() - started);
    if (this.took.length > 240) this.took.shift();
  }
}
