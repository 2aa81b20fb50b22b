"""Prints the opsets at which onnx itself defines each operator of its own domain: a line an operator, NAME TAB VERSIONS (comma separated).

    /usr/bin/python3 onnx_versions.py
"""
from onnx import defs

versions = {}
for schema in defs.get_all_schemas_with_history():
    if schema.domain == "":
        versions.setdefault(schema.name, set()).add(schema.since_version)
print("newest", defs.onnx_opset_version(), sep="\t")
for name, numbers in sorted(versions.items()):
    print(name, ",".join(str(number) for number in sorted(numbers)), sep="\t")
