// @ts-check
/** The event stream: one for all tabs of a browser, shared through a lock and a channel. */
import { API } from '../core/api.js';
import { debounce } from '../core/base.js';
import { restrictionTold } from './air_notices.js';
import { loadInbox, plansChanged } from './approvals.js';
import { boardChanged, boardStore, loadBoard } from './board.js';
import { deskStore, loadEvents, receive } from './events.js';
import { bump, layerStore, loadCatalogue } from './layers.js';
import { alive, fallSilent, liveStore } from './live.js';
import { networkChanged } from './path.js';
import { movesOn } from './profiles.js';
import { loadNumbers, numbersChanged } from './scenarios.js';
import { checkSession } from './session.js';

const KINDS = ['tick', 'event', 'cells', 'network', 'catalog', 'indicators', 'operation'];
const TICK_MS = 5000;
const MISSED_TICKS = 3;
const POLL_MS = 15_000;
const RECOUNT_MS = 700;
const NAME = 'sigang-stream';

/** @typedef {{ kind: string, text: string }} Message */

/** Fetch the counts and key figures again when rows have changed. */
const recount = debounce(loadCatalogue, RECOUNT_MS);

/** @type {Record<string, (body: any) => void>} */
const HANDLERS = {
  tick(body) {
    alive(body.time);
    liveStore.lag.value = Number(body.tiles_lag_s ?? 0);
  },
  event(body) {
    receive(body.event ?? body);
    recount();
  },
  cells(body) {
    bump(body.layers ?? []);
    recount();
  },
  network(body) {
    if (movesOn(body.network)) networkChanged(Number(body.version));
    if (layerStore.catalogue.peek()?.layers.some(({ computed }) => computed?.state === 'current')) recount();
  },
  catalog: () => loadCatalogue(),
  indicators(body) {
    numbersChanged(body.indicators ?? []);
    boardChanged(body.indicators ?? []);
  },
  operation(body) {
    plansChanged(body);
    if (body.restriction) restrictionTold();
  },
  /** Made by the page itself when the stream opens: what came before it did is asked for. */
  open() {
    const { state } = liveStore.stream.peek();
    alive(undefined);
    if (state === 'stale') resync();
    if (state === 'connecting') loadEvents();
    else checkSession();
  },
};

/** Ask for what may have been missed; the map keeps its tiles while the server is away. */
async function resync() {
  await Promise.all([loadEvents(), loadInbox()]);
  if (deskStore.error.peek()) return;
  networkChanged(undefined);
  bump((layerStore.catalogue.peek()?.layers ?? []).map((layer) => layer.id));
  loadNumbers();
  if (boardStore.view.peek() === 'board') loadBoard();
}

function handle(/** @type {Message} */ message) {
  if (liveStore.stream.peek().state !== 'live' && message.kind !== 'tick') alive(undefined);
  HANDLERS[message.kind]?.(message.text ? JSON.parse(message.text) : {});
}

/** Open the stream and give every message to `deliver`. */
function open(/** @type {(message: Message) => void} */ deliver) {
  const stream = new EventSource(`${API}stream`);
  stream.addEventListener('open', () => deliver({ kind: 'open', text: '' }));
  for (const kind of KINDS) {
    stream.addEventListener(kind, (event) => deliver({ kind, text: /** @type {MessageEvent} */ (event).data }));
  }
  stream.addEventListener('error', () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => open(deliver), TICK_MS);
  });
}

/** Lead or follow: the tab that holds the lock reads the stream for all tabs. */
function share() {
  const channel = new BroadcastChannel(NAME);
  channel.onmessage = (event) => handle(event.data);
  navigator.locks.request(NAME, () => {
    open((message) => {
      handle(message);
      channel.postMessage(message);
    });
    return new Promise(() => {});
  });
}

/** Notice missed ticks; while the stream is away, ask for the events instead. */
function watchTicks() {
  const started = Date.now();
  setInterval(() => {
    const { state, at } = liveStore.stream.peek();
    if (state !== 'stale' && Date.now() - (at ?? started) > TICK_MS * MISSED_TICKS) {
      fallSilent();
    }
  }, 1000);
  setInterval(() => {
    if (liveStore.stream.peek().state === 'stale') resync();
  }, POLL_MS);
}

/** Start listening, unless the address asks for frozen time. */
export function listen() {
  if (new URLSearchParams(location.search).get('freeze') === '1') {
    liveStore.stream.value = { state: 'frozen', at: null };
    return;
  }
  if ('locks' in navigator) share();
  else open(handle);
  watchTicks();
}
