import QuernGraph
import QuernPasses
import QuernRandom
import Testing

/// Fourier transforms of tiles, against the definition of a convolution.
@Suite struct FourierTileTests {
  @Test(
    "y = Output[(Filter g) ⊙ (Input d)]",
    arguments: [(4, 2), (4, 4), (6, 3), (8, 3), (10, 5), (12, 5), (14, 7), (16, 5), (20, 9)])
  func correlation(_ side: Int, _ taps: Int) throws {
    let outputs = side - taps + 1
    let tile = try #require(FourierTile(side: side, outputs: outputs, taps: taps))
    let algorithm = TileAlgorithm(tile)
    var random = SeededGenerator(seed: UInt64(side * 100 + taps))
    func draw(_ side: Int) -> [[Double]] {
      (0..<side).map { _ in (0..<side).map { _ in Double.random(in: -1...1, using: &random) } }
    }
    let (d, g) = (draw(side), draw(taps))
    let products = zip(made(algorithm.input, d), made(algorithm.filter, g)).map { $0 * $1 }
    #expect(products.count == algorithm.products)
    let y = taken(algorithm.output, products)
    for row in 0..<outputs {
      for column in 0..<outputs {
        var expected = 0.0
        for i in 0..<taps {
          for j in 0..<taps { expected += d[row + i][column + j] * g[i][j] }
        }
        #expect(abs(y[row][column] - expected) < 1e-12)
      }
    }
  }

  @Test("Of n² numbers, all but four are complex, which take three products each for two numbers")
  func products() throws {
    for side in [4, 10, 16, 32] {
      let tile = try #require(FourierTile(side: side, outputs: 1, taps: 1))
      #expect(tile.inputMixing.count == 4 + (side * side - 4) / 2 * 3)
      #expect(tile.inputMixing.sums.count == tile.inputMixing.count)
    }
  }

  private func shape(
    _ taps: Int, _ height: Int, _ width: Int, before: Int, after: Int
  ) -> ConvolutionShape {
    ConvolutionShape(
      taps: taps, offset: (-before, -before), image: (height, width),
      output: [1, height + before + after - taps + 1, width + before + after - taps + 1, 1],
      channels: 1)
  }

  @Test("One tile has a whole picture where what comes round is zero, and reads nothing around it")
  func wholePictures() throws {
    let padded = shape(5, 14, 14, before: 2, after: 2)
    let whole = try #require(FourierTile(side: 16, for: padded))
    #expect(whole.outputs == 14 && whole.read == 2..<16)
    // One place less, and the last outputs would find the first inputs.
    #expect(FourierTile(side: 14, for: padded)?.outputs == 10)
    #expect(FourierTile(side: 18, for: padded)?.outputs == 14)
    // Without padding there are no zeros.
    let bare = shape(5, 14, 14, before: 0, after: 0)
    #expect(FourierTile(side: 14, for: bare)?.outputs == 10)
    #expect(FourierTile(side: 12, for: bare)?.outputs == 8)
    // Sides that differ are read alike, zeros with them.
    let oblong = try #require(FourierTile(side: 16, for: shape(5, 11, 14, before: 2, after: 2)))
    #expect(oblong.outputs == 14 && oblong.read == 0..<16)
    // More padding than taps: outputs of zeros alone.
    let wide = try #require(FourierTile(side: 16, for: shape(3, 8, 8, before: 4, after: 4)))
    #expect(wide.outputs == 14)
  }

  @Test func thereAreNone() {
    #expect(FourierTile(side: 7, outputs: 3, taps: 5) == nil)
    #expect(FourierTile(side: 2, outputs: 1, taps: 2) == nil)
    #expect(FourierTile(side: 8, outputs: 4, taps: 9) == nil)
    #expect(FourierTile(side: 8, for: shape(9, 20, 20, before: 4, after: 4)) == nil)
  }

  // MARK: Maps by definition

  private func product(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
    a.map { row in
      b[0].indices.map { column in row.indices.reduce(0) { $0 + row[$1] * b[$1][column] } }
    }
  }

  private func made(_ map: TileAlgorithm.Map, _ tile: [[Double]]) -> [Double] {
    guard case .after(let mixing) = map.mixing else { return [] }
    let values = product(product(map.matrix, tile), map.matrix.transposed)
    return mixing.sums.map { $0.reduce(0) { $0 + $1.coefficient * values[$1.u][$1.v] } }
  }

  private func taken(_ map: TileAlgorithm.Map, _ products: [Double]) -> [[Double]] {
    guard case .before(let mixing) = map.mixing else { return [] }
    var tile = [[Double]](
      repeating: [Double](repeating: 0, count: mixing.side), count: mixing.side)
    for (product, terms) in zip(products, mixing.sums) {
      for term in terms { tile[term.u][term.v] += term.coefficient * product }
    }
    return self.product(product(map.matrix, tile), map.matrix.transposed)
  }
}
