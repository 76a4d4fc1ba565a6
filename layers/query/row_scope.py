"""The one predicate that decides which rows an actor sees."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, and_, any_, literal, or_

from spatial.actor import Actor


def visible(table: FromClause, actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which `actor` sees a row of `table`.

    The table has the columns visibility, admin_code and unit_id; `parties` where its rows name
    desks that see them.
    """
    column = table.c
    public = column.visibility == "public"
    if actor.anonymous or not actor.prefix:
        return public
    inside = column.admin_code.startswith(literal(actor.prefix), autoescape=False)
    rules = [public, and_(column.visibility == "unit", inside)]
    if actor.unit_id:
        rules.append(and_(column.visibility == "unit", column.unit_id == actor.unit_id))
    if actor.provincial:
        rules.append(and_(column.visibility == "province", inside))
    if "parties" in column:
        rules.append(literal(actor.scope) == any_(column.parties))
    return or_(*rules)


def visible_sql(
    actor: Actor, alias: str, first_param: int, *, parties: bool = False
) -> tuple[str, list[str]]:
    """Return `visible` as text for hand-written statements, with its bound values.

    Parameters
    ----------
    actor
        Who asks.
    alias
        Alias of the table in the statement, a trusted identifier.
    first_param
        Number of the first free $n parameter.
    parties
        Whether its rows name desks that see them.
    """
    public = f"{alias}.visibility = 'public'"
    if actor.anonymous or not actor.prefix:
        return public, []
    inside = f"{alias}.admin_code LIKE ${first_param}"
    params: list[str] = [actor.prefix + "%"]
    unit = inside
    if actor.unit_id:
        params.append(actor.unit_id)
        unit = f"({inside} OR {alias}.unit_id = ${first_param + 1})"
    rules = [public, f"({alias}.visibility = 'unit' AND {unit})"]
    if actor.provincial:
        rules.append(f"({alias}.visibility = 'province' AND {inside})")
    if parties:
        params.append(actor.scope)
        rules.append(f"${first_param + len(params) - 1} = ANY ({alias}.parties)")
    return "(" + " OR ".join(rules) + ")", params
