"""Makes the .onnx files of this folder. Run with PyTorch 1.13 and onnx 1.12; the files are committed."""
import onnx
import torch
from onnx import TensorProto, helper


class Branches(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 3)
        self.fc = torch.nn.Linear(2 * 36, 16)

    def forward(self, x):
        y = torch.relu(self.conv(x)).flatten(1)
        if bool(x.sum() > 0):
            return self.fc(y)
        else:
            return self.fc(y * 2)


torch.manual_seed(1)
x = torch.randn(1, 1, 8, 8)
torch.onnx.export(torch.jit.script(Branches().eval()), (x,), "torch_if_1_13.onnx", opset_version=13,
                  input_names=["image"], output_names=["logits"], dynamic_axes={"image": {0: "n"}})


opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
function = helper.make_function(
    "local", "Scaled", ["a"], ["b"],
    [helper.make_node("LeakyRelu", ["a"], ["r"], alpha=0.25), helper.make_node("Mul", ["r", "r"], ["b"])], opsets)
graph = helper.make_graph(
    [helper.make_node("Scaled", ["x"], ["s"], domain="local"), helper.make_node("Add", ["s", "half"], ["y"], doc_string="typed")],
    "g",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])],
    [helper.make_tensor("half", TensorProto.FLOAT, [4], [0.5, -0.5, 1.5, 2.5]),
     helper.make_tensor("h16", TensorProto.FLOAT16, [3], [0.5, -1.0, 2.0]),
     helper.make_tensor("i8", TensorProto.INT8, [3], [-1, 0, 127])])
model = helper.make_model(graph, functions=[function], opset_imports=opsets, producer_name="onnx.helper")
helper.set_model_props(model, {"names": "{0: 'a'}"})
onnx.checker.check_model(model)
with open("onnx_function_1_12.onnx", "wb") as file:
    file.write(model.SerializeToString())
