using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Onnx;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>What a node computes, as text: equal texts, and equal constants where the texts have a gap for them, are the same values.</summary>
internal sealed class NodeIdentity
{
    static readonly HashSet<string> Domains = ["", "ai.onnx.ml", "com.microsoft"];

    /// <summary>Operators that draw random numbers, or may.</summary>
    static readonly HashSet<string> Random =
    [
        "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "BitmaskBiasDropout", "BitmaskDropout", "BiasDropout",
        "Sampling", "BeamSearch", "GreedySearch", "WhisperBeamSearch", "PythonOp", "ATen", "EPContext",
    ];

    readonly OnnxModel model;
    readonly Dictionary<(string, string, string), FunctionProto> functions;
    readonly Dictionary<(string, string, string), bool> isRepeatable = [];
    readonly Dictionary<TensorProto, string> hashes = new(ReferenceEqualityComparer.Instance);

    public NodeIdentity(OnnxModel model)
    {
        this.model = model;
        functions = model.Proto.Functions.ToDictionary(function => (Canonical(function.Domain), function.Name, function.Overload));
    }

    /// <summary>A node as text, and its operands: inputs, then what its bodies take from outside. Null where running it twice may give two results.</summary>
    /// <param name="node">Of the main graph.</param>
    /// <param name="constant">The tensor of that name, where it is one that never changes.</param>
    /// <returns>Constants have their names in the list, and in the text only their type and shape.</returns>
    public (string Text, string?[] Constants)? Of(NodeProto node, Func<string, TensorProto?> constant)
    {
        if (!IsRepeatable(node))
            return null;
        string[] operands = [.. node.Input, .. Captures.ReadBy(node).Except(node.Input, StringComparer.Ordinal)];
        TensorProto?[] constants = [.. operands.Select(constant)];
        var writer = new Writer(this);
        foreach (var (name, tensor) in operands.Zip(constants))
            writer.Add(tensor is null ? "value" : "constant", tensor is null ? name : Outline(tensor));
        writer.Body(node, operands.Where(name => name.Length > 0).Distinct(StringComparer.Ordinal).Index().ToDictionary(pair => pair.Item, pair => $"operand {pair.Index}", StringComparer.Ordinal));
        return writer.IsWhole ? (writer.ToString(), [.. operands.Zip(constants, (name, tensor) => tensor is null ? null : name)]) : null;
    }

    /// <summary>Whether two tensors of one type and shape hold the same bytes.</summary>
    public bool AreEqual(TensorProto one, TensorProto other) => ReferenceEquals(one, other) || Hash(one) == Hash(other);

    bool IsRepeatable(NodeProto node)
    {
        if (Captures.Bodies(node).SelectMany(body => body.Node).Any(inner => !IsRepeatable(inner)))
            return false;
        var id = (Canonical(node.Domain), node.OpType, node.Overload);
        if (!functions.TryGetValue(id, out var function))
            return Domains.Contains(id.Item1) && !Random.Contains(node.OpType) && !(node.OpType == "Dropout" && node.InputOrNull(2) is not null);
        if (!isRepeatable.TryGetValue(id, out var known))
            isRepeatable[id] = known = function.Node.All(IsRepeatable);
        return known;
    }

    static string Outline(TensorProto tensor) => string.Create(CultureInfo.InvariantCulture, $"{tensor.DataType}[{string.Join(',', tensor.Dims)}]");

    string Hash(TensorProto tensor)
    {
        if (hashes.TryGetValue(tensor, out var known))
            return known;
        using var hash = SHA256.Create();
        using (var stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write))
        {
            if (tensor.DataType == (int)DataType.String)
                foreach (var text in tensor.StringData) stream.Write([.. BitConverter.GetBytes(text.Length), .. text.Span]);
            else
                model.CopyRaw(tensor, stream);
        }

        return hashes[tensor] = Convert.ToHexString(hash.Hash!);
    }

    static string Canonical(string domain) => domain == "ai.onnx" ? "" : domain;

    /// <summary>Writes nodes, attributes and bodies with numbers for the names that a body defines.</summary>
    sealed class Writer(NodeIdentity identity)
    {
        readonly StringBuilder text = new();
        int defined;

        /// <summary>False where something is there that this class does not look into.</summary>
        public bool IsWhole { get; private set; } = true;

        /// <summary>A word and its text, which can hold anything.</summary>
        public void Add(string word, string content) => text.Append(word).Append(' ').Append(content.Length).Append(' ').Append(content).Append('\n');

        /// <summary>All of a node but its inputs' and outputs' names.</summary>
        /// <param name="node">The node.</param>
        /// <param name="names">What the values are called that its bodies can see.</param>
        public void Body(NodeProto node, IReadOnlyDictionary<string, string> names)
        {
            Add("domain", Canonical(node.Domain));
            Add("operator", node.OpType);
            Add("overload", node.Overload);
            Add("outputs", string.Concat(node.Output.Select(output => output.Length == 0 ? '-' : '+')));
            foreach (var attribute in node.Attribute.OrderBy(attribute => attribute.Name, StringComparer.Ordinal))
            {
                Add("attribute", attribute.Name);
                Value(attribute, names);
            }
        }

        public override string ToString() => text.ToString();

        void Value(AttributeProto attribute, IReadOnlyDictionary<string, string> names)
        {
            foreach (var tensor in attribute.Tensors.Prepend(attribute.T).Where(tensor => tensor is not null))
                Tensor(tensor);
            foreach (var graph in attribute.Graphs.Prepend(attribute.G).Where(graph => graph is not null))
                Graph(graph, names);
            if (attribute.SparseTensor is not null || attribute.SparseTensors.Count > 0)
                IsWhole = false;
            var plain = new AttributeProto { F = attribute.F, I = attribute.I, S = attribute.S, Floats = { attribute.Floats }, Ints = { attribute.Ints }, Strings = { attribute.Strings }, TypeProtos = { attribute.TypeProtos } };
            if (attribute.Tp is not null)
                plain.Tp = attribute.Tp;
            if (attribute.RefAttrName.Length > 0)
                plain.RefAttrName = attribute.RefAttrName;
            Add("plain", Convert.ToHexString(Google.Protobuf.MessageExtensions.ToByteArray(plain)));
        }

        void Tensor(TensorProto tensor) => Add("tensor", $"{Outline(tensor)} {identity.Hash(tensor)}");

        void Graph(GraphProto graph, IReadOnlyDictionary<string, string> outer)
        {
            if (graph.SparseInitializer.Count > 0)
                IsWhole = false;
            var names = new Dictionary<string, string>(outer, StringComparer.Ordinal);
            foreach (var input in graph.Input)
            {
                Add("input", input.Type is null ? "" : Convert.ToHexString(Google.Protobuf.MessageExtensions.ToByteArray(input.Type)));
                Define(names, input.Name);
            }

            foreach (var tensor in graph.Initializer)
            {
                Tensor(tensor);
                Define(names, tensor.Name);
            }

            foreach (var output in graph.Node.SelectMany(node => node.Output))
                Define(names, output);
            foreach (var node in graph.Node)
            {
                foreach (var input in node.Input)
                    Add("reads", names.GetValueOrDefault(input, ""));
                Body(node, names);
                Add("makes", string.Join(' ', node.Output.Select(output => names.GetValueOrDefault(output, ""))));
            }

            foreach (var output in graph.Output)
                Add("gives", names.GetValueOrDefault(output.Name, ""));
            Add("end", "");
        }

        /// <summary>A name that hides an outer one is another value.</summary>
        void Define(Dictionary<string, string> names, string name)
        {
            if (name.Length > 0)
                names[name] = string.Create(CultureInfo.InvariantCulture, $"own {defined++}");
        }
    }
}
