"""The accounts that a new server starts with; their sign-in links are printed, never stored."""

from __future__ import annotations

import psycopg

ACCOUNTS = (
    ("admin", "系统管理员", "Administrator", "admin", "330000", "330000-admin"),
    (
        "dispatcher",
        "省调度中心",
        "Provincial dispatcher",
        "dispatcher",
        "330000",
        "330000-dispatch",
    ),
    ("planner", "省规划处", "Provincial planner", "planner", "330000", "330000-plan"),
    ("ningbo", "宁波值班", "Ningbo duty desk", "duty", "330200", "330200-duty"),
    ("jiaxing", "嘉兴值班", "Jiaxing duty desk", "duty", "330400", "330400-duty"),
    ("wenzhou", "温州值班", "Wenzhou duty desk", "duty", "330300", "330300-duty"),
    ("developer", "应用开发者", "App developer", "developer", "330000", "330000-app"),
)


def load_accounts(conn: psycopg.Connection) -> None:
    """Insert the starting accounts that are not there yet; existing ones are left as they are."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO sigang.account (id, name_zh, name_en, role, scope, unit_id)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING",
            ACCOUNTS,
        )
