"""Answers JSONPath queries, for the differential test: reads lines of JSON, `[document, query]`, and writes one line for each.

The line is a list of JSON pointers, in the order in which the query selects, or a text: `invalid` if the query is no
JSONPath, or what went wrong.
"""

import json
import sys

import jsonpath_rfc9535


def pointer(location):
    segments = [str(step).replace("~", "~0").replace("/", "~1") for step in location]
    return "".join("/" + segment for segment in segments)


def answer(document, query):
    try:
        return [pointer(node.location) for node in jsonpath_rfc9535.find(query, document)]
    except jsonpath_rfc9535.JSONPathError:
        return "invalid"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


for line in sys.stdin:
    document, query = json.loads(line)
    print(json.dumps(answer(document, query)))
