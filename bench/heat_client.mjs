// Bins points by cell as the CPU aggregation of deck.gl does: each point is projected to the common
// space, its cell is a floor, counts are added up by cell. See heat_peers.py.
// Each line of the input is `FILE POINTS LEVEL`; each of the output `[clock s, processor s, [[column, row, cases, passages], …]]`.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

function bin(buffer, size, level) {
  const lon = new Float32Array(buffer, 0, size);
  const lat = new Float32Array(buffer, 4 * size, size);
  const kind = new Uint8Array(buffer, 8 * size, size);
  const cells = 2 ** level, counts = new Map();
  for (let i = 0; i < size; i++) {
    const column = Math.floor((lon[i] + 180) / 360 * cells);
    const row = Math.floor((1 - Math.asinh(Math.tan(lat[i] * Math.PI / 180)) / Math.PI) / 2 * cells);
    const key = row * cells + column;
    let of = counts.get(key);
    if (of === undefined) counts.set(key, of = [column, row, 0, 0]);
    of[2 + kind[i]]++;
  }
  return [...counts.values()];
}

for await (const line of createInterface({ input: process.stdin })) {
  const [file, size, level] = line.split(" ");
  const read = readFileSync(file);
  const buffer = read.buffer.slice(read.byteOffset, read.byteOffset + read.length);
  const began = process.hrtime.bigint(), used = process.cpuUsage();
  const found = bin(buffer, Number(size), Number(level));
  const { user, system } = process.cpuUsage(used);
  console.log(JSON.stringify([Number(process.hrtime.bigint() - began) / 1e9, (user + system) / 1e6, found]));
}
