// What an instruction reads and writes.
extension VectorInstruction {
  /// The register written, if any.
  public var destination: VectorRegister? {
    switch self {
    case .load(let d, _, _), .loadBytes(let d, _, _), .broadcast(let d, _),
      .constantBits(let d, _), .laneIndices(let d), .move(let d, _), .unary(_, let d, _),
      .binary(_, let d, _, _), .shift(_, let d, _, _), .multiplyAdd(let d, _, _, _, _, _),
      .compareSelect(let d, _, _, _, _, _, _), .blend(let d, _, _, _), .reduce(_, let d, _, _),
      .shuffle(_, let d, _, _):
      d
    case .store, .prefetch, .end: nil
    }
  }

  /// The memory operand, if any.
  public var address: Address? {
    switch self {
    case .load(_, let address, _), .loadBytes(_, let address, _), .broadcast(_, let address),
      .store(let address, _, _), .prefetch(let address, _):
      address
    case .binary(_, _, _, let b), .multiplyAdd(_, _, let b, _, _, _): b.address
    default: nil
    }
  }

  var count: Int? {
    switch self {
    case .load(_, _, let count), .loadBytes(_, _, let count), .store(_, _, let count),
      .reduce(_, _, _, let count), .multiplyAdd(_, _, _, _, _, let count):
      count
    case .blend(_, let count, _, _): count
    default: nil
    }
  }

  var addressesBytes: Bool {
    switch self {
    case .loadBytes: true
    default: false
    }
  }
}

extension VectorOperand {
  var register: VectorRegister? {
    if case .register(let register) = self { register } else { nil }
  }
  var address: Address? {
    switch self {
    case .register: nil
    case .memory(let address), .broadcast(let address): address
    }
  }
  var isBroadcast: Bool {
    if case .broadcast = self { true } else { false }
  }
}
