import QuernErrors
import QuernGraph

/// What a network is built for.
public enum Mode: String, Sendable, Hashable, Codable, CaseIterable {
  /// Batch statistics, dropout.
  case training
  /// Running statistics, no dropout.
  case inference
}

/// The surroundings of a layer while its nodes are built.
///
/// It names layers, declares their parameters and state, labels the nodes they make, and puts the
/// layer's name in front of its errors.
public final class LayerContext {
  /// Where nodes go.
  public let builder: GraphBuilder
  /// What the network is built for.
  public let mode: Mode
  /// Examples a step.
  public let batch: Int

  /// In the order of declaration.
  public private(set) var parameters: [ParameterInfo] = []
  public private(set) var state: [StateInfo] = []
  /// A layer that holds others comes after them.
  public private(set) var records: [LayerRecord] = []

  private struct Scope {
    /// Full name of the layer that is being built; empty for the network.
    var path: String
    var counts: [String: Int] = [:]
    var names: Set<String> = []
  }

  private var scopes = [Scope(path: "")]
  /// An error that already names its layer.
  private var reported: QuernError?
  private var weights: Tensor?
  private var counter: Tensor?
  private var randomPositions = 0

  init(builder: GraphBuilder, mode: Mode, batch: Int) {
    self.builder = builder
    self.mode = mode
    self.batch = batch
  }

  private var scope: Scope { scopes[scopes.count - 1] }

  /// Full name of the layer that is being built: `residual1.conv2`.
  public var path: String { scope.path }

  private func fullName(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  // MARK: Parameters and state

  /// Declares a trained tensor of the layer.
  ///
  /// - Parameters:
  ///   - name: `weight` becomes `conv1.weight`.
  ///   - extents: its shape, checked here.
  ///   - role: what it does; weight decay and regularisation concern weights alone.
  ///   - initialiser: how its first values are drawn.
  ///   - fanIn: inputs that one output sums over; some initialisers look at it.
  ///   - fanOut: outputs that one input enters.
  /// - Throws: `QuernError` where the shape is unsound, or the layer has such a parameter already.
  public func parameter(
    _ name: String, _ extents: [Int], role: ParameterInfo.Role = .weight,
    initialiser: Initialiser, fanIn: Int = 1, fanOut: Int = 1
  ) throws(QuernError) -> Tensor {
    let shape = try Shape(checking: extents, of: name)
    try initialiser.check()
    let tensor = try builder.input(fullName(name), shape, role: .parameter)
    parameters.append(
      ParameterInfo(
        name: fullName(name), layer: path, shape: shape, role: role, initialiser: initialiser,
        fanIn: fanIn, fanOut: fanOut, node: tensor.id))
    return tensor
  }

  /// Declares a tensor of the layer that is kept from step to step without being trained.
  ///
  /// - Throws: `QuernError` where the shape is unsound, or the layer has such a state already.
  public func state(
    _ name: String, _ extents: [Int], _ element: ElementType = .float32,
    initial: StateInfo.Initial = .constant(0)
  ) throws(QuernError) -> Tensor {
    try declareState(fullName(name), extents, element, initial: initial)
  }

  private func declareState(
    _ name: String, _ extents: [Int], _ element: ElementType, initial: StateInfo.Initial
  ) throws(QuernError) -> Tensor {
    let shape = try Shape(checking: extents, of: name)
    let tensor = try builder.input(name, shape, element, role: .state)
    state.append(
      StateInfo(
        name: name, layer: path, type: TensorType(element, shape), initial: initial,
        node: tensor.id))
    return tensor
  }

  /// At the end of a step the state takes this value.
  public func update(_ state: Tensor, to value: Tensor) throws(QuernError) {
    try builder.update(state, to: value)
  }

  // MARK: What layers share

  /// The weight of each example, (N): 1 for a real example, 0 for one that only fills a batch.
  ///
  /// It is the data input ``Network/exampleWeightName``, declared when first asked for.
  public func exampleWeights() throws(QuernError) -> Tensor {
    if let weights { return weights }
    let tensor = try builder.input(Network.exampleWeightName, Shape(checking: [batch]))
    weights = tensor
    return tensor
  }

  /// Random numbers in [0, 1) of this shape, new ones every step.
  ///
  /// They are `CounterRandom` numbers. The counter is one scalar state of the network, which
  /// starts at a number made from the seed and grows by one a step; each call has positions of its
  /// own, so that no two layers see the same numbers.
  public func uniform(_ shape: Shape) throws(QuernError) -> Tensor {
    let counter = try randomCounter()
    let (end, overflow) = randomPositions.addingReportingOverflow(shape.elementCount)
    guard !overflow, end <= Int(Int32.max) else {
      throw error(
        "random numbers of shape \(shape) bring the step's to more than \(Int32.max)",
        remedy: "make the batch smaller")
    }
    let first = builder.constant(Double(randomPositions), [], .int32)
    let positions = randomPositions == 0 ? builder.iota(shape) : try builder.iota(shape) + first
    randomPositions = end
    return try builder.elementwise(.uniform, [positions, counter])
  }

  private func randomCounter() throws(QuernError) -> Tensor {
    if let counter { return counter }
    let tensor = try declareState(Network.randomCounterName, [], .int32, initial: .counter)
    try update(tensor, to: tensor + 1)
    counter = tensor
    return tensor
  }

  // MARK: Layers and errors

  /// An error of the layer that is being built; its name is put in front.
  public func error(_ problem: String, remedy: String) -> QuernError {
    QuernError(path.isEmpty ? "network" : path, problem, remedy: remedy)
  }

  /// Builds a layer within the one that is being built.
  public func apply(_ layer: any Layer, to input: Tensor) throws(QuernError) -> Tensor {
    let name = try chooseName(layer)
    let start = builder.graph.nodes.count
    scopes.append(Scope(path: name))
    defer { scopes.removeLast() }
    let output: Tensor
    do {
      output = try builder.labelled(name) { () throws(QuernError) -> Tensor in
        try layer.apply(to: input, in: self)
      }
    } catch {
      throw report(error, of: "\(name) (\(layer.kind))")
    }
    let nodes = builder.graph.nodes[start...].filter { $0.label == name }
    records.append(
      LayerRecord(
        name: name, kind: layer.kind, settings: layer.settings, outputShape: output.shape,
        parameterCount: parameters.reduce(0) {
          $1.layer == name ? $0 + $1.shape.elementCount : $0
        },
        multiplyAdds: nodes.reduce(0) { $0 + $1.multiplyAdds }, node: output.id))
    return output
  }

  /// Builds layers one after the other within the one that is being built.
  ///
  /// - Parameters:
  ///   - layers: in the order of computation; none pass the input on.
  ///   - input: what the first of them takes.
  ///   - name: where given, it is put before their names: `shortcut` makes
  ///     `residual1.shortcut.conv1`.
  /// - Throws: `QuernError` that names the layer that is unfit.
  public func apply(
    _ layers: [any Layer], to input: Tensor, scope name: String? = nil
  ) throws(QuernError) -> Tensor {
    if let name { scopes.append(Scope(path: fullName(name))) }
    defer { if name != nil { scopes.removeLast() } }
    var tensor = input
    for layer in layers { tensor = try apply(layer, to: tensor) }
    return tensor
  }

  private func report(_ error: QuernError, of layer: String) -> QuernError {
    if error == reported { return error }
    var named = error
    named.place = layer
    reported = named
    return named
  }

  private func chooseName(_ layer: any Layer) throws(QuernError) -> String {
    var name: String
    if let given = layer.givenName {
      name = given
      guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || "_-".contains($0) })
      else {
        throw report(
          QuernError(
            "", "the name \"\(name)\" does not fit", remedy: "use letters, digits, _ and -"),
          of: fullName(layer.kind))
      }
    } else {
      let number = scope.counts[layer.stem, default: 0] + 1
      scopes[scopes.count - 1].counts[layer.stem] = number
      name = "\(layer.stem)\(number)"
    }
    guard scopes[scopes.count - 1].names.insert(name).inserted else {
      throw report(
        QuernError("", "two layers have this name", remedy: "name one of them differently"),
        of: "\(fullName(name)) (\(layer.kind))")
    }
    return fullName(name)
  }
}

extension Node {
  /// Multiply-adds of a contraction of two operands; 0 for all else.
  var multiplyAdds: Int {
    guard case .contraction(let contraction) = op, contraction.factors.count == 2 else { return 0 }
    return contraction.multiplyAdds
  }
}
