import QuernGraph

/// A tensor as a nest touches it in memory: an address that is affine in the axes.
public struct MemoryAccess: NestAccess {
  public var tensor: NodeID
  public var element: ElementType
  public var isWritten: Bool
  /// What the C calls the pointer.
  public var name = ""
  /// Bytes from the arena's start at axes 0, 0, ….
  public var offset: Int
  /// Whether ``offset`` is counted from the start of the thread's own memory instead.
  public var isPrivate: Bool
  /// Bytes from there for one step along each axis; along the chunks of a sum, for one sum.
  public var strides: [Int]
  /// Whether the tensor holds the same in every step.
  public var isFixed: Bool

  public init(
    tensor: NodeID, element: ElementType, isWritten: Bool, offset: Int, isPrivate: Bool = false,
    strides: [Int], isFixed: Bool = false
  ) {
    self.tensor = tensor
    self.element = element
    self.isWritten = isWritten
    self.offset = offset
    self.isPrivate = isPrivate
    self.strides = strides
    self.isFixed = isFixed
  }

  /// Whether it starts where another does.
  public func startsWith(_ other: Self) -> Bool {
    offset == other.offset && isPrivate == other.isPrivate
  }

  /// Whether both go through the same tensor in the same steps, so that one pointer does for both.
  fileprivate func movesWith(_ other: Self) -> Bool {
    tensor == other.tensor && isWritten == other.isWritten && element == other.element
      && strides == other.strides
  }
}

/// A nest of which it is known where its tensors lie.
public typealias MemoryNest = LoopNest<MemoryAccess>

extension LoopNest<MemoryAccess> {
  /// The same nest with addresses for indices.
  ///
  /// - Parameters:
  ///   - storages: of all tensors that the nest touches.
  ///   - fixed: tensors that hold the same in every step.
  /// - Returns: nil where a tensor has no storage.
  init?(_ nest: TensorNest, _ storages: [NodeID: Storage], fixed: Set<NodeID>) {
    self.init(
      axes: nest.axes, reduction: nest.reduction, position: nest.position, stores: nest.stores,
      keepsOrder: nest.keepsOrder)
    indices = nest.indices
    chunksPerSum = nest.chunksPerSum
    var addresses: [MemoryAccess] = []
    addresses.reserveCapacity(nest.accesses.count)
    for access in nest.accesses {
      guard let storage = storages[access.tensor] else { return nil }
      addresses.append(
        storage.address(access, rank: axes.count, isFixed: fixed.contains(access.tensor)))
    }
    // In the order in which the C names them: factors, what values read, what is stored.
    factors = nest.factors.map { NestFactor(access: add(addresses[$0.access]), match: $0.match) }
    term = nest.term
    let factorCount = accesses.count
    for value in nest.values {
      guard case .read(let number, _) = value else {
        values.append(value)
        continue
      }
      let (access, displacement) = share(addresses[number], after: factorCount)
      values.append(.read(access: access, displacement: displacement))
    }
    for index in stores.indices {
      (stores[index].access, stores[index].displacement) = share(
        addresses[stores[index].access], after: factorCount)
    }
  }

  /// The number of an access and the bytes from it to an address: addresses that move alike share an
  /// access, but not with factors, which may be read from panels.
  private mutating func share(
    _ address: MemoryAccess, after factorCount: Int
  ) -> (access: Int, displacement: Int) {
    if let known = accesses.firstIndex(of: address) { return (known, 0) }
    for number in factorCount..<accesses.count where accesses[number].movesWith(address) {
      return (number, address.offset - accesses[number].offset)
    }
    return (add(address), 0)
  }
}

extension Storage {
  /// Where an access lies, once the storage has its place.
  func address(_ access: TensorAccess, rank: Int, isFixed: Bool = false) -> MemoryAccess {
    var start = origin
    var steps = [Int](repeating: 0, count: rank)
    let size = access.element.byteCount
    let strides = access.view == type.shape ? self.strides : access.view.strides.map { $0 * size }
    for (index, stride) in zip(access.map, strides) {
      start += index.offset * stride
      for term in index.terms { steps[term.axis] += term.coefficient * stride }
    }
    return MemoryAccess(
      tensor: access.tensor, element: access.element, isWritten: access.isWritten,
      offset: offset + start, isPrivate: isPrivate, strides: steps, isFixed: isFixed)
  }
}
