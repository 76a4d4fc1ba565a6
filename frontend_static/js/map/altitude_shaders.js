// @ts-check
/** Shaders of what is drawn at altitude: lines of a width in pixels, and marks that face the eye. */

/**
 * A line from `a_from` to `a_to` (offset from the anchor, height, time), there during `a_life` where
 * it is timed. An end that lies behind the eye is drawn from where the line comes before it.
 */
export const LINE_VERTEX = `#version 300 es
precision highp float;
uniform mat4 u_matrix;
uniform vec2 u_viewport;
uniform float u_now;
in vec2 a_corner;
in vec4 a_from;
in vec4 a_to;
in vec4 a_colour;
in vec3 a_look;
in vec2 a_life;
out float v_at;
out float v_side;
out vec4 v_colour;
out vec2 v_mode;
const float NEAR = 1e-6;
vec4 clipped(vec4 p, vec4 q) { return p.w > NEAR ? p : mix(p, q, (NEAR - p.w) / (q.w - p.w)); }
void main() {
  vec4 p = u_matrix * vec4(a_from.xyz, 1.0);
  vec4 q = u_matrix * vec4(a_to.xyz, 1.0);
  bool over = a_look.y > 0.5 && (u_now < a_life.x || u_now > a_life.y);
  if (over || (p.w <= NEAR && q.w <= NEAR)) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    return;
  }
  vec4 one = clipped(p, q);
  vec4 two = clipped(q, p);
  vec2 way = (two.xy / two.w - one.xy / one.w) * u_viewport;
  vec2 along = length(way) > 1e-4 ? normalize(way) : vec2(1.0, 0.0);
  vec4 at = mix(one, two, a_corner.x);
  vec2 off = vec2(-along.y, along.x) * a_corner.y * a_look.x / u_viewport;
  gl_Position = vec4(at.xy + off * at.w, at.z, at.w);
  v_at = mix(a_from.w, a_to.w, a_corner.x) - (a_look.y == 1.0 ? u_now : 0.0);
  v_side = a_corner.y;
  v_colour = a_colour;
  v_mode = a_look.yz;
}`;

/** Mode 1: a trail that fades behind the mark, a faint dashed line before it. 0, and 2 for a time: a plain line. */
export const LINE_FRAGMENT = `#version 300 es
precision highp float;
uniform float u_trail;
in float v_at;
in float v_side;
in vec4 v_colour;
in vec2 v_mode;
out vec4 colour;
void main() {
  float alpha = v_colour.a;
  if (v_mode.x > 0.5 && v_mode.x < 1.5) {
    float ahead = fract(v_at / v_mode.y) < 0.55 ? 0.5 : 0.0;
    alpha *= v_at > 0.0 ? ahead : max(0.3, 1.0 + 0.7 * v_at / u_trail);
  } else if (v_mode.y > 0.0) {
    alpha *= fract(v_at / v_mode.y) < 0.55 ? 1.0 : 0.0;
  }
  if (alpha <= 0.0) discard;
  alpha *= 1.0 - smoothstep(0.6, 1.0, abs(v_side));
  colour = vec4(v_colour.rgb * alpha, alpha);
}`;

export const MARK_VERTEX = `#version 300 es
precision highp float;
uniform mat4 u_matrix;
uniform vec2 u_viewport;
in vec2 a_corner;
in vec3 a_at;
in vec4 a_colour;
in vec2 a_look;
out vec2 v_corner;
out vec4 v_colour;
out float v_shape;
void main() {
  vec4 at = u_matrix * vec4(a_at, 1.0);
  gl_Position = vec4(at.xy + a_corner * a_look.x * 2.0 / u_viewport * at.w, at.z, at.w);
  v_corner = a_corner;
  v_colour = a_colour;
  v_shape = a_look.y;
}`;

/** Shapes: 0 disc, 1 diamond, 2 triangle, 3 ring, 4 broken ring. */
export const MARK_FRAGMENT = `#version 300 es
precision highp float;
uniform vec3 u_casing;
in vec2 v_corner;
in vec4 v_colour;
in float v_shape;
out vec4 colour;
void main() {
  vec2 p = v_corner;
  float d = length(p);
  if (v_shape > 0.5 && v_shape < 1.5) d = abs(p.x) + abs(p.y);
  if (v_shape > 1.5 && v_shape < 2.5) d = max(abs(p.x) * 1.1 + p.y * 0.55 + 0.3, -p.y * 1.25 + 0.1);
  float inside = 1.0 - smoothstep(0.9, 1.0, d);
  if (inside <= 0.0) discard;
  float filled = 1.0 - smoothstep(0.62, 0.72, d);
  if (v_shape > 2.5) filled *= smoothstep(0.3, 0.38, d);
  if (v_shape > 3.5) filled *= step(0.35, fract(atan(p.y, p.x) / 1.0472));
  vec3 shade = mix(u_casing, v_colour.rgb, filled);
  float alpha = inside * v_colour.a;
  colour = vec4(shade * alpha, alpha);
}`;
