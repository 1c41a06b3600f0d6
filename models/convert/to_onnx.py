"""Builds the ONNX graph (opset 17) of a network in TensorFlow.js' layers format, NCHW instead of NHWC.

Only the layers that the converted networks have; any other, or another setting of one, ends the conversion. What computes the
same in less memory: a 1x1 convolution of joined channels is written as the sum of the convolutions of what was joined.
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from layers_model import LayersModel

OPSET = 17
IR_VERSION = 8  # the one that came with opset 17


class Graph:
    def __init__(self, model: LayersModel):
        self.model = model
        self.nodes, self.initializers = [], []
        self.outputs = {}  # of each layer, by its name
        self.joined = {}  # what a Concatenate joins, by its name; no node: see pointwise
        self.channels = {}  # of each output of a convolution or of what keeps their number

    def build(self, input_name: str, input_shape: list, output_name: str, output_shape: list) -> onnx.ModelProto:
        self.input_name = input_name
        for layer in self.model.layers:
            convert = getattr(self, layer["class_name"].lower(), None)
            if convert is None:
                raise SystemExit(f"no rule for layers of class {layer['class_name']}")
            sources = [self.outputs[source[0]] for node in layer["inbound_nodes"][:1] for source in node]
            name = layer["config"]["name"]
            self.outputs[name] = convert(name, layer["config"], sources)
        last = self.outputs[self.model.layers[-1]["config"]["name"]]
        self.nodes.append(helper.make_node("Identity", [last], [output_name]))
        graph = helper.make_graph(
            self.nodes, "converted",
            [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, input_shape)],
            [helper.make_tensor_value_info(output_name, TensorProto.FLOAT, output_shape)],
            self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION,
                                  producer_name="latentline")
        onnx.checker.check_model(model, full_check=True)
        return model

    # layers, by Keras' class

    def inputlayer(self, name, config, sources):
        return self.input_name

    def conv2d(self, name, config, sources):
        expect(config, data_format="channels_last", dilation_rate=[1, 1])
        if sources[0] in self.joined:
            return self.activate(name, config, self.pointwise(name, config, self.joined[sources[0]]))
        kernel = self.constant(f"{name}/kernel", axes=(3, 2, 0, 1))  # HWIO to OIHW
        self.channels[name] = config["filters"]
        return self.activate(name, config, self.convolution(name, config, sources, kernel, group=1))

    def pointwise(self, name, config, parts):
        """Of joined channels, which so need never lie side by side: a fifth of the memory of a dense network."""
        expect(config, kernel_size=[1, 1], strides=[1, 1], use_bias=True)
        kernel = self.model.weight(f"{name}/kernel").transpose(3, 2, 0, 1)
        bounds = np.cumsum([0] + [self.channels[part] for part in parts])
        total = None
        for i, part in enumerate(parts):
            weight = np.ascontiguousarray(kernel[:, bounds[i]:bounds[i + 1]])
            self.initializers.append(numpy_helper.from_array(weight, f"{name}/kernel/{i}"))
            bias = [self.constant(f"{name}/bias")] if i == 0 else []
            product = self.node("Conv", f"{name}/{i}", [part, f"{name}/kernel/{i}"] + bias, kernel_shape=[1, 1])
            total = product if total is None else self.node("Add", f"{name}/sum/{i}", [total, product])
        if bounds[-1] != kernel.shape[1]:
            raise SystemExit(f"{name}: {kernel.shape[1]} channels wanted, {bounds[-1]} joined")
        self.channels[total] = config["filters"]
        return total

    def depthwiseconv2d(self, name, config, sources):
        expect(config, data_format="channels_last", dilation_rate=[1, 1], depth_multiplier=1, activation="linear")
        kernel = self.constant(f"{name}/depthwise_kernel", axes=(2, 3, 0, 1))  # HWC1 to C1HW
        channels = self.model.weights[f"{name}/depthwise_kernel"][0].shape[2]
        return self.convolution(name, config, sources, kernel, group=channels)

    def convolution(self, name, config, sources, kernel, group):
        pads = [0] * 4
        if config["padding"] == "same":
            # with stride 1 the same on both sides, and so of any size
            expect(config, strides=[1, 1])
            pads = [k // 2 for k in config["kernel_size"]] * 2
        inputs = sources + [kernel] + ([self.constant(f"{name}/bias")] if config["use_bias"] else [])
        return self.node("Conv", name, inputs, kernel_shape=config["kernel_size"], strides=config["strides"],
                         pads=pads, group=group)

    def batchnormalization(self, name, config, sources):
        expect(config, axis=-1, center=True, scale=True)
        parameters = [self.constant(f"{name}/{part}") for part in ("gamma", "beta", "moving_mean", "moving_variance")]
        return self.node("BatchNormalization", name, sources + parameters, epsilon=config["epsilon"])

    def relu(self, name, config, sources):
        expect(config, negative_slope=0, threshold=0)
        bounds = [self.scalar("zero", 0), self.scalar(f"{name}/max", config["max_value"])]
        return self.node("Clip", name, sources + bounds)

    def activation(self, name, config, sources):
        activated = self.activate(name, config, sources[0])
        self.channels[activated] = self.channels[sources[0]]
        return activated

    def add(self, name, config, sources):
        self.channels[name] = self.channels.get(sources[0])
        return self.node("Add", name, sources)

    def concatenate(self, name, config, sources):
        if config["axis"] not in (-1, 3):
            raise SystemExit(f"{name}: only channels are joined")
        self.joined[name] = sources
        return name

    def upsampling2d(self, name, config, sources):
        expect(config, data_format="channels_last", interpolation="nearest")
        scales = np.array([1, 1, *config["size"]], np.float32)
        self.initializers.append(numpy_helper.from_array(scales, f"{name}/scales"))
        return self.node("Resize", name, sources + ["", f"{name}/scales"], mode="nearest",
                         coordinate_transformation_mode="asymmetric", nearest_mode="floor")

    def zeropadding2d(self, name, config, sources):
        (top, bottom), (left, right) = config["padding"]
        pads = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
        self.initializers.append(numpy_helper.from_array(pads, f"{name}/pads"))
        return self.node("Pad", name, sources + [f"{name}/pads"])

    def averagepooling2d(self, name, config, sources):
        expect(config, padding="valid")
        return self.node("AveragePool", name, sources, kernel_shape=config["pool_size"], strides=config["strides"])

    def flatten(self, name, config, sources):
        # with one pixel left NCHW and NHWC are the same row; with more the graph fails at the first Dense
        return self.node("Flatten", name, sources, axis=1)

    def dropout(self, name, config, sources):
        return sources[0]

    def dense(self, name, config, sources):
        product = self.node("MatMul", name, sources + [self.constant(f"{name}/kernel")])
        return self.activate(name, config, self.node("Add", f"{name}/biased", [product, self.constant(f"{name}/bias")]))

    # parts

    def activate(self, name, config, source):
        if config["activation"] == "linear":
            return source
        if config["activation"] == "relu":
            return self.node("Relu", f"{name}/relu", [source])
        expect(config, activation="softmax")
        return self.node("Softmax", f"{name}/softmax", [source], axis=1)

    def node(self, operator, name, inputs, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def scalar(self, name, value):
        if all(known.name != name for known in self.initializers):
            self.initializers.append(numpy_helper.from_array(np.array(value, np.float32), name))
        return name

    def constant(self, name, axes=None):
        """A weight, transposed; a quantized one stays so in the file and is widened when a session loads."""
        values, scale, minimum = self.model.weights[name]
        values = np.ascontiguousarray(values if axes is None else values.transpose(axes))
        if scale is None:
            self.initializers.append(numpy_helper.from_array(values.astype(np.float32), name))
            return name
        self.initializers.append(numpy_helper.from_array(values, f"{name}/quantized"))
        widened = self.node("Cast", f"{name}/widened", [f"{name}/quantized"], to=TensorProto.FLOAT)
        scaled = self.node("Mul", f"{name}/scaled", [widened, self.scalar(f"{name}/scale", scale)])
        return self.node("Add", name, [scaled, self.scalar(f"{name}/minimum", minimum)])


def expect(config, **settings):
    for key, value in settings.items():
        if config.get(key, value) != value:
            raise SystemExit(f"{config['name']}: {key} is {config[key]}, and only {value} is converted")
