"""A plain page of another site reads the API; a listed one writes with a key; none with cookies."""

import pytest

from tests.harness import plain_pages

pytestmark = [pytest.mark.browser, pytest.mark.db]

READ = """async base => {
  const get = path => fetch(base + path);
  const items = await get('/api/collections/ports/items?limit=2');
  const one = (await items.json()).features[0];
  const item = await get(`/api/collections/ports/items/${one.id}`);
  const tile = await get('/api/collections/roads/tiles/WebMercatorQuad/8/105/214');
  const style = await get('/api/styles/dark');
  const wrong = await get('/api/collections/ports/items?nothing=1');
  const path = await fetch(base + '/api/paths', {
    method: 'POST', headers: {'Content-Type': 'application/json'},
    body: JSON.stringify({waypoints: [[120.75, 30.75], [121.84, 29.89]]}),
  });
  const tick = await new Promise((resolve, reject) => {
    const stream = new EventSource(base + '/api/stream');
    stream.addEventListener('tick', event => { stream.close(); resolve(JSON.parse(event.data)); });
    stream.onerror = () => { stream.close(); reject(new Error('no stream')); };
  });
  return {
    crs: items.headers.get('Content-Crs'), left: items.headers.get('RateLimit'),
    tag: item.headers.get('ETag'), tile: [tile.status, (await tile.arrayBuffer()).byteLength],
    total: tile.headers.get('Sigang-Total'), layers: (await style.json()).layers.length,
    wrong: [wrong.status, (await wrong.json()).type], path: [path.status, await path.json()],
    tick,
  };
}"""
REFUSED = """([url, given]) => fetch(url, given).then(a => a.status, e => e.name)"""


@pytest.fixture
def page(browser):
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_a_page_of_another_site(page, server, neighbour):
    base, key = server.base_url, server.key("dispatcher")
    bearer = {"headers": {"Authorization": f"Bearer {key}"}}
    write = bearer | {"method": "POST", "body": "{}"}
    write["headers"] = write["headers"] | {"Content-Type": "application/json"}
    with plain_pages() as unlisted:
        page.goto(unlisted)
        found = page.evaluate(READ, base)
        assert found["crs"].startswith("<http://www.opengis.net/")
        assert found["left"]
        assert found["tag"].startswith('W/"')
        assert found["tile"][0] == 200
        assert found["tile"][1] > 100
        assert int(found["total"]) > 0
        assert found["layers"] > 10
        assert found["wrong"] == [400, "/problems/bad-parameter"]
        assert found["path"][0] == 200, found["path"][1]
        assert "tiles_lag_s" in found["tick"]
        for url, given in (
            ("/api/session", bearer),
            ("/api/events", write),
            ("/api/session", {"credentials": "include"}),
            ("/metrics", {}),
        ):
            assert page.evaluate(REFUSED, [base + url, given]) == "TypeError", (url, given)
    page.goto(neighbour)
    assert page.evaluate(REFUSED, [f"{base}/api/session", bearer]) == 200
    assert page.evaluate(REFUSED, [f"{base}/api/events", write]) == 400  # but it may be asked
    included = [f"{base}/api/session", {"credentials": "include"}]
    assert page.evaluate(REFUSED, included) == "TypeError"
