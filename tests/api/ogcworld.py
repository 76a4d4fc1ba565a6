"""What the tests of the OGC interfaces share: addresses, links, schemas."""

from __future__ import annotations

import json

import jsonschema

CORE = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf"


CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


ITEMS = "/api/collections/ports/items"


PLACES = ["/api", "/api/conformance", "/api/collections", "/api/collections/ports",
          "/api/collections/ports/queryables", "/api/collections/ports/schema", ITEMS]  # fmt: skip


def relations(document: dict) -> dict[str, dict]:
    return {link["rel"]: link for link in document["links"]}


def check(definition: dict, name: str, document: dict) -> None:
    """Check a document against the schema of the same server's definition."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": definition["components"]}
    text = json.dumps(schema).replace('"nullable": true, ', "")
    jsonschema.validate(
        document, json.loads(text.replace('"type": "object"', '"type": ["object", "null"]'))
    )
