// @ts-check
/**
 * Signs of waterways, drawn here: marks after IALA region A and the bank marks of inland waters, the
 * board of a limited headroom, gauges and weirs. A shape stands for each category as well as its colour.
 */

/** @typedef {CanvasRenderingContext2D} Pen */

export const MARK = { width: 22, height: 26 };

const RED = '#D1121F';
const GREEN = '#0B8A5A';
const YELLOW = '#F2C200';
const BLACK = '#16191C';
const WHITE = '#FFFFFF';

function shape(/** @type {Pen} */ pen, /** @type {number[][]} */ points, /** @type {string} */ fill) {
  pen.beginPath();
  points.forEach(([x, y], at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath();
  pen.fillStyle = fill;
  pen.fill();
  pen.stroke();
}

function ball(/** @type {Pen} */ pen, /** @type {number} */ y, /** @type {string} */ fill) {
  pen.beginPath();
  pen.arc(11, y, 3.2, 0, 2 * Math.PI);
  pen.fillStyle = fill;
  pen.fill();
  pen.stroke();
}

/** A can stands for port hand and right bank, a cone for starboard hand and left bank. */
const can = (/** @type {string} */ fill) => (/** @type {Pen} */ pen) =>
  shape(pen, [[6, 10], [16, 10], [17, 22], [5, 22]], fill);
const cone = (/** @type {string} */ fill) => (/** @type {Pen} */ pen) => shape(pen, [[11, 7], [17, 22], [5, 22]], fill);

/** A mark with a band of another colour: the preferred channel. */
const banded = (/** @type {(pen: Pen) => void} */ body, /** @type {string} */ band) => (/** @type {Pen} */ pen) => {
  body(pen);
  shape(pen, [[6.6, 14], [15.4, 14], [16, 18], [6, 18]], band);
};

const up = (/** @type {number} */ y) => [[11, y - 4], [15, y], [7, y]];
const down = (/** @type {number} */ y) => [[7, y - 4], [15, y - 4], [11, y]];

/** A pillar in black and yellow below two cones: north points up, south down, east apart, west together. */
const cardinal = (/** @type {number[][]} */ upper, /** @type {number[][]} */ lower,
  /** @type {string[]} */ bands) => (/** @type {Pen} */ pen) => {
  shape(pen, upper, BLACK);
  shape(pen, lower, BLACK);
  bands.forEach((fill, at) => {
    const [top, bottom] = [12 + (at * 12) / bands.length, 12 + ((at + 1) * 12) / bands.length];
    shape(pen, [[8, top], [14, top], [14, bottom], [8, bottom]], fill);
  });
};

/** @type {Record<string, (pen: Pen, colour: string) => void>} */
const SIGNS = {
  left_bank: cone(WHITE),
  right_bank: can(RED),
  lateral_port: can(RED),
  lateral_starboard: cone(GREEN),
  preferred_starboard: banded(can(RED), GREEN),
  preferred_port: banded(cone(GREEN), RED),
  cardinal_north: cardinal(up(6), up(11), [BLACK, YELLOW]),
  cardinal_south: cardinal(down(6), down(11), [YELLOW, BLACK]),
  cardinal_east: cardinal(up(6), down(11), [BLACK, YELLOW, BLACK]),
  cardinal_west: cardinal(down(6), up(11), [YELLOW, BLACK, YELLOW]),
  isolated_danger: (pen) => {
    ball(pen, 4, BLACK);
    ball(pen, 10, BLACK);
    shape(pen, [[8, 13], [14, 13], [14, 24], [8, 24]], RED);
  },
  safe_water: (pen) => {
    ball(pen, 6, RED);
    shape(pen, [[7, 11], [15, 11], [16, 23], [6, 23]], WHITE);
    shape(pen, [[10, 11], [12, 11], [12.4, 23], [9.6, 23]], RED);
  },
  special: (pen) => shape(pen, [[7, 10], [15, 10], [16, 22], [6, 22]], YELLOW),
  notice: (pen) => shape(pen, [[5, 6], [17, 6], [17, 18], [5, 18]], WHITE),
  light: (pen) => {
    ball(pen, 16, YELLOW);
    shape(pen, [[13, 13], [20, 5], [16.5, 15]], '#C43C9B');
  },
  other: (pen) => ball(pen, 18, '#8FA3B5'),
  headroom: (pen) => {
    pen.strokeStyle = RED;
    pen.lineWidth = 2.4;
    shape(pen, [[2.5, 3.5], [19.5, 3.5], [19.5, 22.5], [2.5, 22.5]], WHITE);
    pen.strokeStyle = BLACK;
    pen.lineWidth = 0.6;
    shape(pen, [[7.5, 5], [14.5, 5], [11, 9]], BLACK);
  },
  gauge: (pen, colour) => {
    pen.strokeStyle = WHITE;
    shape(pen, [[4, 8], [18, 8], [11, 17]], colour);
    shape(pen, [[4, 19], [18, 19], [18, 20.6], [4, 20.6]], colour);
  },
  weir: (pen) => {
    shape(pen, [[3, 9], [19, 9], [19, 17], [3, 17]], '#FF8C1A');
    pen.beginPath();
    [5, 9, 13, 17].forEach((x) => {
      pen.moveTo(x, 10.5);
      pen.lineTo(x, 15.5);
    });
    pen.stroke();
  },
};

/** Whether there is a sign of this name. */
export const isMark = (/** @type {string} */ name) => name in SIGNS;

/** Draw a sign on a ground of MARK's size. */
export function drawMark(/** @type {Pen} */ pen, /** @type {string} */ name, /** @type {string} */ colour) {
  pen.strokeStyle = BLACK;
  pen.lineWidth = 1;
  pen.lineJoin = 'round';
  SIGNS[name](pen, colour);
}
