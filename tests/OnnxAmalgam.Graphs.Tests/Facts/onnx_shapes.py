"""Prints what onnx itself infers of a model: a line a value, NAME TAB ELEMENT-TYPE TAB DIMENSIONS (comma separated, ? where unknown).

    /usr/bin/python3 onnx_shapes.py MODEL BATCH
"""
import sys

import onnx
from onnx import shape_inference

model = onnx.load(sys.argv[1])
stored = {tensor.name for tensor in model.graph.initializer}
image = next(value for value in model.graph.input if value.name not in stored)
image.type.tensor_type.shape.dim[0].dim_value = int(sys.argv[2])
del model.graph.value_info[:]
for output in model.graph.output:
    if output.type.HasField("tensor_type"):
        output.type.tensor_type.ClearField("shape")
inferred = shape_inference.infer_shapes(model, check_type=True, strict_mode=False, data_prop=True)
for value in (*inferred.graph.value_info, *inferred.graph.output):
    kind = value.type.tensor_type
    if value.type.HasField("tensor_type") and kind.HasField("shape"):
        dims = ["?" if not dim.HasField("dim_value") else str(dim.dim_value) for dim in kind.shape.dim]
        print(value.name, kind.elem_type, ",".join(dims), sep="\t")
