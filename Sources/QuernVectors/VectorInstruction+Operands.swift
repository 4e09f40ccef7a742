// What an instruction reads and writes.
extension VectorInstruction {
  /// The register written, if any.
  public var destination: VectorRegister? {
    switch self {
    case .load(let d, _, _), .loadBytes(let d, _, _), .broadcast(let d, _),
      .constantBits(let d, _), .laneIndices(let d), .move(let d, _), .unary(_, let d, _),
      .binary(_, let d, _, _), .shift(_, let d, _, _), .multiplyAdd(let d, _, _, _, _),
      .compareSelect(let d, _, _, _, _, _, _), .blend(let d, _, _, _), .reduce(_, let d, _, _),
      .shuffle(_, let d, _, _):
      d
    case .store, .prefetch, .end: nil
    }
  }

  /// The registers read, in the order written.
  public var sources: [VectorRegister] {
    switch self {
    case .load, .loadBytes, .broadcast, .constantBits, .laneIndices, .prefetch, .end: []
    case .store(_, let a, _), .move(_, let a), .unary(_, _, let a), .shift(_, _, let a, _),
      .reduce(_, _, let a, _):
      [a]
    case .binary(_, _, let a, let b): b.register.map { [a, $0] } ?? [a]
    case .multiplyAdd(_, let a, let b, let c, _): b.register.map { [a, $0, c] } ?? [a, c]
    case .compareSelect(_, _, _, let a, let b, let x, let y): [a, b, x, y]
    case .blend(_, _, let a, let b), .shuffle(_, _, let a, let b): [a, b]
    }
  }

  /// The memory operand, if any.
  public var address: Address? {
    switch self {
    case .load(_, let address, _), .loadBytes(_, let address, _), .broadcast(_, let address),
      .store(let address, _, _), .prefetch(let address):
      address
    case .binary(_, _, _, let b), .multiplyAdd(_, _, let b, _, _): b.address
    default: nil
    }
  }

  var count: Int? {
    switch self {
    case .load(_, _, let count), .loadBytes(_, _, let count), .store(_, _, let count),
      .reduce(_, _, _, let count):
      count
    case .blend(_, let count, _, _): count
    default: nil
    }
  }

  var addressesBytes: Bool {
    switch self {
    case .loadBytes, .prefetch: true
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
}

extension VectorInstruction {
  /// The same instruction reading other registers.
  public func renamingSources(_ rename: (VectorRegister) -> VectorRegister) -> Self {
    switch self {
    case .load, .loadBytes, .broadcast, .constantBits, .laneIndices, .prefetch, .end: self
    case .store(let address, let a, let count): .store(address, rename(a), count: count)
    case .move(let d, let a): .move(d, rename(a))
    case .unary(let operation, let d, let a): .unary(operation, d, rename(a))
    case .binary(let operation, let d, let a, let b):
      .binary(operation, d, rename(a), b.renaming(rename))
    case .shift(let operation, let d, let a, let count):
      .shift(operation, d, rename(a), by: count)
    case .multiplyAdd(let d, let a, let b, let c, let negated):
      .multiplyAdd(d, a: rename(a), b: b.renaming(rename), c: rename(c), negated: negated)
    case .compareSelect(let d, let comparison, let type, let a, let b, let x, let y):
      .compareSelect(
        d, comparison, type, rename(a), rename(b), ifTrue: rename(x), ifFalse: rename(y))
    case .blend(let d, let count, let first, let rest):
      .blend(d, count: count, first: rename(first), rest: rename(rest))
    case .reduce(let operation, let d, let a, let count):
      .reduce(operation, d, rename(a), count: count)
    case .shuffle(let operation, let d, let a, let b):
      .shuffle(operation, d, rename(a), rename(b))
    }
  }
}

extension VectorOperand {
  fileprivate func renaming(_ rename: (VectorRegister) -> VectorRegister) -> Self {
    register.map { .register(rename($0)) } ?? self
  }
}
