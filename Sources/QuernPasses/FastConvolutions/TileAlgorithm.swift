import QuernGraph

/// A fast algorithm for convolutions, tile by tile: y = Output[(Filter g) ⊙ (Input d)].
///
/// The three maps are linear, and ⊙ multiplies what has the same place. The whole is bilinear in
/// the tile d and the filter g, so that its derivatives are made of the same maps, transposed.
package struct TileAlgorithm: Hashable, Sendable {
  /// M·tile·Mᵀ, and what goes before or comes after.
  package struct Map: Hashable, Sendable {
    package var matrix: [[Double]]
    /// The matrix's letter, as the literature has it, and the algorithm's name.
    package var letter: String
    package var algorithm: String
    package var isTransposed = false
    package var isTurnedRound = false
    package var mixing = TileTransform.Mixing.none

    /// `Bᵀ of F(6, 3)`.
    package var name: String {
      "\(letter)\(isTransposed ? "ᵀ" : "") of \(algorithm)"
        + (isTurnedRound ? ", turned round" : "")
    }

    package var transposed: Self {
      let mixing: TileTransform.Mixing =
        switch mixing {
        case .none: .none
        case .after(let pairs): .before(pairs)
        case .before(let pairs): .after(pairs)
        }
      var result = self
      (result.matrix, result.mixing) = (matrix.transposed, mixing)
      result.isTransposed.toggle()
      return result
    }

    /// The map of a tile that is turned round, along both sides.
    var turnedRound: Self {
      var result = self
      result.matrix = matrix.reversedRows
      result.isTurnedRound.toggle()
      return result
    }
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
    let name = "F(\(algorithm.outputs), \(algorithm.taps))"
    input = Map(
      matrix: algorithm.inputTransform, letter: "B", algorithm: name, isTransposed: true)
    filter = Map(matrix: algorithm.filterTransform, letter: "G", algorithm: name)
    output = Map(
      matrix: algorithm.outputTransform, letter: "A", algorithm: name, isTransposed: true)
    places = [Axis("u", algorithm.side), Axis("v", algorithm.side)]
  }

  package init(_ algorithm: FourierTile) {
    taps = algorithm.taps
    outputs = algorithm.outputs
    firstRead = algorithm.read.lowerBound
    let name = "a Fourier tile of \(algorithm.side), F(\(algorithm.outputs), \(algorithm.taps))"
    input = Map(
      matrix: algorithm.inputTransform, letter: "B", algorithm: name, isTransposed: true,
      mixing: .after(algorithm.inputMixing))
    filter = Map(
      matrix: algorithm.filterTransform, letter: "G", algorithm: name,
      mixing: .after(algorithm.filterMixing))
    output = Map(
      matrix: algorithm.outputTransform, letter: "A", algorithm: name, isTransposed: true,
      mixing: .before(algorithm.outputMixing))
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
