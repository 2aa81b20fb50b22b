using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Interpretation;
using OnnxAmalgam.Trainable.Operators;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable;

/// <summary>An ONNX graph as a TorchSharp module: its weights are the parameters, its nodes run through the operator table.</summary>
/// <remarks>
/// <para>Which stored float tensors (initializers, and the tensors that Constant nodes of the main graph hold as <c>value</c>) are trained:</para>
/// <list type="number">
/// <item>those at a place that the operator's row calls a weight (Conv, Gemm, MatMul, normalisations, embeddings, ...), directly or
/// through nodes that no graph input has a part in (Transpose, Cast, weight normalisation, ...);</item>
/// <item>operands of Add, Sub, Mul, Div and Concat with more than one element (a bias, a scale, a position embedding, a class token)
/// where another operand already depends on a trained tensor.</item>
/// </list>
/// <para>So what prepares the input before the first weight (mean and standard deviation inside the graph) stays as it is, and so do
/// single numbers (epsilons, exponents, limits), shapes and axes, and attention masks (an element that is not finite, or rank 2 and more
/// holding 0 and one other value), and scales of quantisation, with what is stored in integers. Running statistics of BatchNormalization are buffers.
/// A stored tensor that several nodes use is one parameter.</para>
/// <para>On a processor, images X[n, c, h, w] flow through a graph of 2-D convolutions with their channels innermost in memory, whatever
/// strides they came with: libtorch convolves and normalises them faster so. Shapes are the same; results may have such strides.</para>
/// <para>uint16, uint32 and uint64, which TorchSharp lacks, are held in int64 (inputs and outputs too) where every node computes the same so; else the model is refused.</para>
/// <para><see cref="nn.Module.train"/> and <see cref="nn.Module.eval"/> decide about batch statistics and dropout; what the file says about
/// training mode is ignored. Parameters, buffers and constants belong to this object and go with <see cref="nn.Module.Dispose()"/>.
/// Not safe for several threads at once.</para>
/// </remarks>
public sealed class TrainableGraph : nn.Module<Tensor, Tensor>
{
    readonly OnnxModel _model;
    readonly BoundGraph _graph;
    readonly StoredTensors _stored;
    readonly TrainedTensors _trained;
    readonly FloatTypes _floats;
    readonly int[] _inputs;
    readonly Tensor?[] _given;
    readonly bool[] _isConstant;
    /// <summary>Images come with their channels first, and are convolved.</summary>
    readonly bool _convolvesImages;
    readonly Dictionary<int, string> _moduleNames = [];
    readonly List<(string[] Values, Plan Plan)> _plans = [];
    readonly string[] _firstOutput;
    Dictionary<string, Parameter> _initializers = [];
    Dictionary<string, Tensor> _statistics = [];
    HashSet<string> _frozen = [];
    bool[]? _halves;
    ScalarType _wide;
    Device _device = CPU;

    /// <summary>Builds the module.</summary>
    /// <param name="model">The graph; not changed until <see cref="WriteBack"/> copies it.</param>
    /// <param name="dtype">Float type to compute in: null keeps the file's (float16 initializers are held in float32).</param>
    /// <exception cref="UnsupportedModelException">Operators the table lacks: all of them at once.</exception>
    public TrainableGraph(OnnxModel model, ScalarType? dtype = null) : base(model.Name)
    {
        _model = model;
        _floats = new FloatTypes(dtype);
        _wide = _floats.Of(ScalarType.Float32);
        _graph = new BoundGraph(model, _floats);
        _stored = new StoredTensors(_graph);
        _trained = new TrainedTensors(_graph, _stored.BySlot, model.ReadRaw);
        _given = new Tensor?[_graph.SlotCount];
        _isConstant = new bool[_graph.SlotCount];
        InputNames = [.. _graph.View.Inputs.Select(input => input.Name)];
        OutputNames = [.. _graph.View.Outputs];
        _inputs = [.. InputNames.Select(_graph.Find)];
        _firstOutput = [.. OutputNames.Take(1)];
        Register();
        Freeze([]);
        _convolvesImages = _graph.Nodes.Any(node => node.Row.Type is "Conv" && node.Inputs.ElementAtOrDefault(1) is >= 0 and var weight && _given[weight]?.dim() == 4)
            && !_graph.Nodes.Any(node => node.Row.Type is "Transpose" && _inputs.Contains(node.Inputs[0]));
    }

    /// <summary>Loads a file and builds the module.</summary>
    public static TrainableGraph Load(string path) => new(OnnxModel.Load(path));

    /// <summary>Names of the inputs a caller feeds, in graph order.</summary>
    public IReadOnlyList<string> InputNames { get; }

    /// <summary>Names of the outputs, in graph order.</summary>
    public IReadOnlyList<string> OutputNames { get; }

    /// <summary>Parameters by the initializer's name (module parameter names may differ where torch forbids a character).</summary>
    public IReadOnlyDictionary<string, Parameter> Initializers => _initializers;

    /// <summary>Buffers (running statistics) by the initializer's name.</summary>
    public IReadOnlyDictionary<string, Tensor> Statistics => _statistics;

    /// <summary>Names of the stored tensors that training leaves alone.</summary>
    public IReadOnlySet<string> Frozen => _frozen;

    /// <summary>A narrower float type for activations (bfloat16), or null. Weights keep their type and are cast at use; norms,
    /// exponentials and sums run in the weights' type, and so come the results.</summary>
    public ScalarType? ActivationDtype { get; set; }

    /// <summary>Whether what the file computes in float16 is rounded to float16 after each node, as where it is deployed; else it stays in the
    /// wider type that is computed in. For evaluation: rounding has no gradient.</summary>
    public bool RoundsHalves { get; set; }

    /// <summary>Leaves stored tensors as they are from now on: these, and no others. Their parameters ask for no gradient. A BatchNormalization
    /// whose running statistics are among them, or all of whose weights are, normalises with its running statistics in training mode too,
    /// and does not move them; so does one, always, whose statistics the graph computes and does not store.</summary>
    /// <param name="names">Names of <see cref="Initializers"/> and <see cref="Statistics"/>; none thaws all.</param>
    /// <exception cref="InputException">A name that is neither.</exception>
    public void Freeze(IEnumerable<string> names)
    {
        var frozen = names.ToHashSet(StringComparer.Ordinal);
        if (frozen.FirstOrDefault(name => !_initializers.ContainsKey(name) && !_statistics.ContainsKey(name)) is { } unknown)
            throw new InputException($"model '{_model.Name}': expected names of tensors that are trained, got '{unknown}'{NearestName.Hint(unknown, _initializers.Keys)}");
        _frozen = frozen;
        new FrozenTensors(_graph, _trained, frozen).Mark();
        Thaw();
    }

    /// <summary>Evaluates the first output for a graph of one input.</summary>
    /// <exception cref="InputException">The graph has several inputs: <c>Run</c> takes them by name.</exception>
    public override Tensor forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (_inputs.Length != 1)
            throw new InputException($"model '{_model.Name}': expected one input, got {_inputs.Length} ({string.Join(", ", InputNames)}); feed them by name");
        var plan = PlanFor(_firstOutput);
        var slots = (Tensor?[])_given.Clone();
        using var scope = NewDisposeScope();
        slots[_inputs[0]] = InType(input);
        return Evaluate(plan, slots)[0].MoveToOuterDisposeScope();
    }

    /// <summary>Evaluates the named values (outputs or inner values) and nothing that they do not need.</summary>
    /// <param name="inputs">A tensor per input name; not disposed.</param>
    /// <param name="values">Names to return, in this order. The caller owns the results.</param>
    /// <exception cref="InputException">A name that the graph does not have, an input that is needed and not fed, or shapes that do not fit.</exception>
    public Tensor[] Run(IReadOnlyDictionary<string, Tensor> inputs, IReadOnlyList<string> values)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(values);
        foreach (var name in inputs.Keys)
        {
            if (!InputNames.Contains(name, StringComparer.Ordinal))
                throw new InputException($"model '{_model.Name}': expected inputs {string.Join(", ", InputNames)}, got '{name}'");
        }

        var plan = PlanFor(values);
        var slots = (Tensor?[])_given.Clone();
        using var scope = NewDisposeScope();
        for (var i = 0; i < _inputs.Length; i++)
        {
            if (inputs.TryGetValue(InputNames[i], out var tensor)) slots[_inputs[i]] = InType(tensor);
            else if (plan.Needs(_inputs[i])) throw new InputException($"model '{_model.Name}': expected a tensor for input '{InputNames[i]}', got none");
        }

        var results = Evaluate(plan, slots);
        foreach (var result in results) result.MoveToOuterDisposeScope();
        return results;
    }

    /// <summary>The model with the current parameters and statistics written into its initializers; all else byte for byte as loaded,
    /// but for nodes in training form, which are written in evaluation form.</summary>
    public OnnxModel WriteBack()
    {
        var written = _model.Clone();
        foreach (var (name, tensor) in StoredTensors.Of(written.Proto.Graph))
        {
            if ((Tensor?)_initializers.GetValueOrDefault(name) is not { } value && !_statistics.TryGetValue(name, out value)) continue;
            var bytes = TensorProtos.ToRaw(value, (Onnx.TensorProto.Types.DataType)tensor.DataType);
            if (!bytes.AsSpan().SequenceEqual(written.ReadRaw(tensor))) written.WriteRaw(tensor, bytes);
        }

        EvaluationForm.Apply(written.Proto);
        return written;
    }

    /// <inheritdoc/>
    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking) => Moved(base._to(device, dtype, non_blocking), dtype);

    /// <inheritdoc/>
    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking) => Moved(base._to(deviceType, deviceIndex, non_blocking), null);

    /// <inheritdoc/>
    protected override nn.Module _to(ScalarType dtype, bool non_blocking) => Moved(base._to(dtype, non_blocking), dtype);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            for (var slot = 0; slot < _given.Length; slot++)
            {
                if (_isConstant[slot]) _given[slot]?.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    Tensor[] Evaluate(Plan plan, Tensor?[] slots)
    {
        var casts = ActivationDtype is null && _device.type == DeviceType.CPU
            ? null
            : new InputCasts(_wide, ActivationDtype, _trained.IsActivation, _device, slots.Length);
        try
        {
            var results = Interpreter.Run(plan, slots, training, casts, RoundsHalves ? _halves ??= Halves() : null);
            for (var i = 0; i < results.Length; i++)
            {
                if (results[i].dtype == ActivationDtype) results[i] = results[i].to_type(_wide);
            }

            return results;
        }
        catch (InputException e) when (e is not UnsupportedModelException)
        {
            throw new InputException($"model '{_model.Name}', {e.Message}", e);
        }
    }

    bool[] Halves()
    {
        var facts = Facts.Infer(_model);
        return [.. _graph.Names.Select(name => facts.GetValueOrDefault(name)?.Type == Onnx.TensorProto.Types.DataType.Float16)];
    }

    Tensor InType(Tensor input)
    {
        var type = _floats.Of(input.dtype);
        if (FloatTypes.IsFloat(input.dtype) && _wide != _floats.Of(ScalarType.Float32)) type = _wide;
        var typed = type == input.dtype ? input : input.to_type(type);
        return _convolvesImages && _device.type == DeviceType.CPU && FloatTypes.IsFloat(type) ? ChannelsLast.Of(typed) : typed;
    }

    Plan PlanFor(IReadOnlyList<string> values)
    {
        foreach (var (known, plan) in _plans)
        {
            if (known.AsSpan().SequenceEqual(values as string[] ?? [.. values])) return plan;
        }

        var missing = values.Where(value => _graph.Find(value) is var slot && (slot < 0 || (!IsGiven(slot) && _graph.MakerOf[slot] is null))).ToArray();
        if (missing.Length > 0)
            throw new InputException($"model '{_model.Name}': expected names of its values, got {string.Join(", ", missing.Select(value => $"'{value}'"))} (see: onnx-amalgam inspect {ShellWord.Of(_model.Name)})");
        int[] results = [.. values.Select(_graph.Find)];
        ComputeConstants(Plan.Of(_graph, results, IsGiven));
        var made = Plan.Of(_graph, results, IsGiven);
        foreach (var node in made.Nodes) ReadKnown(node);
        _plans.Add(([.. values], made));
        return made;
    }

    bool IsGiven(int slot) => _given[slot] is not null || _inputs.Contains(slot);

    void ComputeConstants(Plan plan)
    {
        using var guard = no_grad();
        var casts = _device.type == DeviceType.CPU ? null : new InputCasts(_wide, null, _ => false, _device, _given.Length);
        foreach (var node in plan.Nodes)
        {
            if (node.Row.DependsOnMode || !Array.TrueForAll(node.Inputs, slot => slot < 0 || _isConstant[slot])) continue;
            ReadKnown(node);
            int[] made = [.. node.Outputs.Where(slot => slot >= 0)];
            var alone = new Plan([node], [[]], [-1], made, new bool[made.Length]);
            var outputs = Interpreter.Run(alone, (Tensor?[])_given.Clone(), training: false, casts);
            for (var i = 0; i < made.Length; i++) Keep(made[i], outputs[i]);
        }
    }

    void ReadKnown(BoundNode node)
    {
        for (var i = 0; i < node.Inputs.Length; i++)
        {
            var slot = node.Inputs[i];
            if (slot >= 0 && _isConstant[slot] && (node.Row.Host.Contains(i) || _given[slot]!.numel() == 1))
                node.Known[i] ??= HostValue.Of(_given[slot]!);
        }
    }

    void Keep(int slot, Tensor constant)
    {
        _given[slot] = constant.DetachFromDisposeScope();
        _isConstant[slot] = true;
    }

    void Register()
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, proto) in StoredTensors.Of(_graph.View.Proto))
        {
            var slot = _graph.Find(name);
            var tensor = TensorProtos.ToTorch(proto, _model, _floats).DetachFromDisposeScope();
            var (weight, statistic) = (_trained.Weights.Contains(slot), _trained.Statistics.Contains(slot));
            if (!weight && !statistic)
            {
                Keep(slot, tensor);
                continue;
            }

            var moduleName = ModuleName(name, taken);
            _moduleNames.Add(slot, moduleName);
            if (weight) register_parameter(moduleName, (Parameter)new Parameter(tensor).DetachFromDisposeScope());
            else register_buffer(moduleName, tensor);
        }

        Refresh();
    }

    /// <summary>Torch's module paths are written with dots, so a name may hold none.</summary>
    static string ModuleName(string name, HashSet<string> taken)
    {
        var stem = name.Replace('.', '/');
        var free = stem;
        for (var i = 2; !taken.Add(free); i++) free = $"{stem}~{i}";
        return free;
    }

    /// <summary>TorchSharp replaces parameters and buffers when a module moves: looks them up again.</summary>
    void Refresh()
    {
        var names = _graph.Names.ToArray();
        var initializers = new Dictionary<string, Parameter>(StringComparer.Ordinal);
        var statistics = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (slot, moduleName) in _moduleNames)
        {
            if (_trained.Weights.Contains(slot)) _given[slot] = initializers[names[slot]] = get_parameter(moduleName)!;
            else _given[slot] = statistics[names[slot]] = get_buffer(moduleName)!;
        }

        (_initializers, _statistics) = (initializers, statistics);
        Thaw();
    }

    /// <summary>Gradients for what is not frozen, and for nothing else.</summary>
    void Thaw()
    {
        foreach (var (name, parameter) in _initializers) parameter.requires_grad = !_frozen.Contains(name);
    }

    TrainableGraph Moved(nn.Module _, ScalarType? dtype)
    {
        Refresh();
        if (_initializers.Values.FirstOrDefault() is { } any) _device = any.device;
        if (dtype is { } type) _wide = type;
        for (var slot = 0; slot < _given.Length; slot++)
        {
            if (!_isConstant[slot] || !Follows(_given[slot]!)) continue;
            using var old = _given[slot]!;
            Keep(slot, old.to(dtype is { } t && FloatTypes.IsFloat(old.dtype) ? t : old.dtype, _device, copy: true));
        }

        return this;
    }

    /// <summary>Small integer tensors are shapes and axes, which kernels read: they stay on the CPU.</summary>
    static bool Follows(Tensor constant) => FloatTypes.IsFloat(constant.dtype) || constant.dim() > 1;
}
