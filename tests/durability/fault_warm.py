"""What the fault soak's processes load, loaded once: they are forked from a process that has it."""

import fastapi
import psycopg
import sqlcipher3
import uvicorn

from kiosk import compose
from kiosk.sync import uploader
from province import opener, serve
from tests.durability import fault_children

WARM = (fastapi, psycopg, sqlcipher3, uvicorn, compose, uploader, opener, serve, fault_children)
