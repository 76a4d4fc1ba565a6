// @ts-check
/** <sg-board>: one screen of tiles; each number opens its rows on the map and in the table. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { moment, number, pick, t } from '../../core/i18n.js';
import { boardStore, chooseTile, isStale, loadBoard, openUnit, setKiosk, setLevel, setPeriod, shownTiles,
  toggleBoard } from '../../model/board.js';
import { rowsOf } from '../../model/scenarios.js';
import { badge, busy, failure, icon } from '../widgets.js';
import { decomposed, figure } from './figures.js';

/** @typedef {import('../../core/types.js').BoardTile} BoardTile */
/** @typedef {import('../../core/types.js').IndicatorFacts} IndicatorFacts */
/** @typedef {import('../../core/types.js').BoardColumns} BoardColumns */

const LEVELS = /** @type {const} */ (['prefecture', 'county']);
const LEVEL_TEXTS = /** @type {const} */ ({ prefecture: 'scene.prefectures', county: 'scene.counties' });

class Board extends Part {
  render() {
    if (boardStore.view.value !== 'board') return html``;
    const { board, error, known } = boardStore;
    const tiles = new Map((board.value?.tiles ?? []).map((tile) => [tile.indicator, tile]));
    return html`<section class="board" aria-label=${t('board.title')} data-testid="board-screen"
        data-kiosk=${boardStore.kiosk.value}>
      ${this.head()}
      ${busy(!error.value && !known.value)}
      ${error.value ? failure(error.value, loadBoard, 'board-retry') : ''}
      ${known.value && !known.value.length ? html`<p class="muted">${t('board.none')}</p>` : ''}
      <ul class="tiles">${shownTiles.value.map((id) => this.tile(tiles.get(id)))}</ul>
    </section>`;
  }

  head() {
    const kiosk = boardStore.kiosk.value;
    const label = t(kiosk ? 'board.leave_kiosk' : 'board.kiosk');
    return html`<header class="board-head">
      <h2>${t('board.title')}</h2>
      <span class="num" data-testid="board-period">${boardStore.board.value?.period.id ?? ''}</span>
      ${kiosk ? '' : html`${this.levels()}${this.periods()}${this.chooser()}`}
      <span class="spring"></span>
      <button data-testid="kiosk" aria-pressed=${kiosk} @click=${() => this.kiosk(!kiosk)}>${label}</button>
      ${kiosk ? '' : html`<button class="plain" data-testid="board-close" aria-label=${t('app.close')}
        @click=${toggleBoard}>${icon('close')}</button>`}
    </header>`;
  }

  levels() {
    return html`<span class="segments" role="group" aria-label=${t('board.units')}>${LEVELS.map(
      (level) => html`<button data-testid="level-${level}" aria-pressed=${boardStore.level.value === level}
        @click=${() => setLevel(level)}>${t(LEVEL_TEXTS[level])}</button>`,
    )}</span>`;
  }

  periods() {
    const change = (/** @type {Event} */ event) =>
      setPeriod(/** @type {HTMLInputElement} */ (event.target).value.trim() || null);
    return html`<label>${t('board.period')} <input size="10" maxlength="10" data-testid="board-period-input"
      placeholder=${boardStore.board.value?.period.id ?? ''} .value=${boardStore.period.value ?? ''}
      title=${t('board.period_form')} @change=${change} /></label>`;
  }

  /** The indicators of the board, by check boxes. */
  chooser() {
    const shown = shownTiles.value;
    const box = (/** @type {IndicatorFacts} */ one) => html`<label><input type="checkbox"
      data-testid="choose-${one.id}" .checked=${shown.includes(one.id)}
      ?disabled=${shown.length === 1 && shown[0] === one.id}
      @change=${(/** @type {Event} */ event) =>
        chooseTile(one.id, /** @type {HTMLInputElement} */ (event.target).checked)} /> ${pick(one.title)}</label>`;
    return html`<details class="chooser"><summary data-testid="board-choose">${t('board.choose', {
      count: shown.length,
    })}</summary><div>${(boardStore.known.value ?? []).map(box)}</div></details>`;
  }

  kiosk(/** @type {boolean} */ on) {
    setKiosk(on);
    this.updateComplete.then(() =>
      /** @type {HTMLElement | null} */ (this.querySelector('[data-testid=kiosk]'))?.focus());
  }

  tile(/** @type {BoardTile | undefined} */ tile) {
    if (!tile) return html`<li class="tile"><p class="muted">…</p></li>`;
    const one = { title: pick(tile.title), unit: pick(tile.unit), digits: tile.digits, better: tile.better };
    if (tile.problem) {
      return html`<li class="tile" data-testid="tile-${tile.indicator}" data-state="failed"><h3>${one.title}</h3>
        <p class="bad" data-testid="tile-problem">${tile.problem.detail}</p></li>`;
    }
    const stale = isStale(tile);
    return html`<li class="tile" data-testid="tile-${tile.indicator}" data-state=${stale ? 'stale' : 'live'}>
      <h3>${one.title}</h3>
      ${figure(one, tile.total)}
      ${tile.total.index ? html`<details><summary>${t('board.parts')}</summary>
        ${decomposed(tile.total.index, (id) => this.titleOf(id))}</details>` : ''}
      ${this.units(tile, one)}
      <p class="muted small-print">${tile.total.origins.map((origin) => badge(origin, { bare: true }))}
        <span class=${stale ? 'stale-mark' : ''} data-testid="tile-as-of">${stale
          ? html`<i aria-hidden="true"></i>${t('board.stale', { time: moment(tile.as_of) })}`
          : t('scene.as_of', { time: moment(tile.as_of, true) })}</span></p>
    </li>`;
  }

  titleOf(/** @type {string} */ id) {
    return pick(boardStore.known.value?.find((one) => one.id === id)?.title) || id;
  }

  /** The units of the level in the order of their ranks; those without cases come last. */
  units(/** @type {BoardTile} */ tile, /** @type {import('./figures.js').Figure} */ one) {
    const columns = tile.columns[boardStore.level.value];
    if (!columns?.code.length) return '';
    const places = columns.code.map((_, at) => at);
    places.sort((a, b) => (columns.rank[a] ?? Infinity) - (columns.rank[b] ?? Infinity) || a - b);
    const most = Math.max(...columns.value.map((value) => value ?? 0)) || 1;
    const link = tile.opens.find((opening) => opening.rel === 'numerator');
    const opens = link && rowsOf(link) ? link : null;
    const rows = places.map((at) => this.unit(tile, one, columns, at, most, opens));
    return html`<ol class="bars" tabindex="0" aria-label="${one.title}: ${t(LEVEL_TEXTS[boardStore.level.value])}">
      ${rows}</ol>`;
  }

  unit(
    /** @type {BoardTile} */ tile,
    /** @type {import('./figures.js').Figure} */ one,
    /** @type {BoardColumns} */ columns,
    /** @type {number} */ at,
    /** @type {number} */ most,
    /** @type {BoardTile['opens'][number] | null} */ opens,
  ) {
    const code = columns.code[at];
    const value = columns.value[at];
    const name = pick(boardStore.board.value?.units[code]?.title) || code;
    const why = () => t(columns.suppressed.includes(code) ? 'scene.suppressed' : 'scene.no_cases');
    const text = value === null ? why() : number(value, one.digits);
    const look = value === null ? 'num muted' : 'num';
    const width = `width:${Math.round((100 * Math.max(value ?? 0, 0)) / most)}%`;
    return opens
      ? html`<li><button class="bar" data-testid="unit-open" data-code=${code} data-sum=${opens.sum ?? ''}
          data-count=${columns.numerator[at] ?? ''} title=${t('scene.open', { title: `${one.title} – ${name}` })}
          @click=${() => openUnit(tile, code)}><span class="bar-name" .textContent=${name}></span><span
          class="bar-line" aria-hidden="true"><i style=${width}></i></span><span class=${look}
          .textContent=${text}></span></button></li>`
      : html`<li><span class="bar" data-code=${code}><span class="bar-name" .textContent=${name}></span><span
          class="bar-line" aria-hidden="true"><i style=${width}></i></span><span class=${look}
          .textContent=${text}></span></span></li>`;
  }
}

define('sg-board', Board);
