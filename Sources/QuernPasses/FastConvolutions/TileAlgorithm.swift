import QuernGraph

/// A fast algorithm for convolutions, tile by tile: y = Output[(Filter g) ⊙ (Input d)].
///
/// The three maps are linear, and ⊙ multiplies what has the same place. The whole is bilinear in
/// the tile d and the filter g, so that its derivatives are made of the same maps, transposed.
package struct TileAlgorithm: Hashable, Sendable {
  /// M·tile·Mᵀ, and what goes before or comes after.
  package struct Map: Hashable, Sendable {
    package var matrix: [[Double]]
    package var mixing = TileTransform.Mixing.none

    package var transposed: Self {
      let mixing: TileTransform.Mixing =
        switch mixing {
        case .none: .none
        case .after(let pairs): .before(pairs)
        case .before(let pairs): .after(pairs)
        }
      return Self(matrix: matrix.transposed, mixing: mixing)
    }

    /// The map of a tile that is turned round, along both sides.
    var turnedRound: Self { Self(matrix: matrix.reversedRows, mixing: mixing) }
  }

  /// r, the filter's side.
  package let taps: Int
  /// m, along both sides: from one tile to the next.
  package let outputs: Int
  /// The first of a tile's inputs that is read: those before are zero.
  package let firstRead: Int
  /// From a tile of inputs, from a filter and to a tile of outputs.
  package let input: Map
  package let filter: Map
  package let output: Map
  /// The axes of products: the two sides of a tile of them, or one.
  let places: [Axis]

  /// Products for each tile, channel and filter.
  package var products: Int { places.reduce(1) { $0 * $1.extent } }

  package init(_ algorithm: CookToom) {
    taps = algorithm.taps
    outputs = algorithm.outputs
    firstRead = 0
    input = Map(matrix: algorithm.inputTransform)
    filter = Map(matrix: algorithm.filterTransform)
    output = Map(matrix: algorithm.outputTransform)
    places = [Axis("u", algorithm.side), Axis("v", algorithm.side)]
  }

  package init(_ algorithm: FourierTile) {
    taps = algorithm.taps
    outputs = algorithm.outputs
    firstRead = algorithm.read.lowerBound
    input = Map(matrix: algorithm.inputTransform, mixing: .after(algorithm.inputMixing))
    filter = Map(matrix: algorithm.filterTransform, mixing: .after(algorithm.filterMixing))
    output = Map(matrix: algorithm.outputTransform, mixing: .before(algorithm.outputMixing))
    places = [Axis("p", algorithm.products)]
  }
}

extension [[Double]] {
  /// Rows become columns.
  package var transposed: [[Double]] {
    (first ?? []).indices.map { column in map { $0[column] } }
  }

  /// Each row back to front.
  var reversedRows: [[Double]] { map { $0.reversed() } }
}
