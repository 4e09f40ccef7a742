import QuernCodegen
import QuernGradient
import QuernGraph
import QuernMachine
import QuernTestSupport
import QuernVectors
import Testing

/// Schedules as people read them, with typical machines of each target: they are the same on processors
/// that lack it.
@Suite struct TextTests {
  @Test("A product that two threads share")
  func products() throws {
    let expected = [
      Target.avx512: """
      avx512: tiles of 9 or 8 of n × 3 or 2 vectors of t
      reduction over c<800, 1 steps a round
      panels of p_w, where it lies, one after the other
      tiles: t in 22, n in 15
      threads share t in 22 shares
      asks ahead for: epilogue, next panel
      """,
      .avx2: """
      avx2: tiles of 4 of n × 3 or 2 vectors of t
      reduction over c<800, 4 steps a round
      panels of p_w, packed in each step, one after the other
      tiles: t in 42, n in 32
      threads share t in 32 shares
      asks ahead for: epilogue, next panel
      """,
      .portable: """
      portable: tiles of 9 or 8 of n × 3 or 2 vectors of t
      reduction over c<800, 1 steps a round
      panels of p_w, where it lies, one after the other
      tiles: t in 42, n in 15
      threads share t in 32 shares
      asks ahead for: epilogue, next panel
      """,
    ]
    for target in Target.all {
      let text = try nest(product(128, 800, 1_000), target, threads: 2).text
      #expect(text == expected[target])
    }
  }

  @Test("Panels of a parameter, all of which stay in the cache")
  func prepared() throws {
    let text = try nest(product(12, 100, 100, role: .parameter)).text
    #expect(
      text == """
        avx2: tiles of 4 of n × 3 or 2 vectors of t
        reduction over c<100, 4 steps a round
        panels of p_w, packed before the first step, all at once
        tiles: n in 3, t in 5
        asks ahead for: epilogue
        """)
  }

  @Test("Lanes along a sum")
  func sums() throws {
    let text = try nest(transposedProduct(4, 512, 100)).text
    #expect(
      text == """
        avx2: tiles of 3 or 2 of t × 4 of n, lanes along the sum over c
        reduction over c<512, 4 steps a round
        tiles: t in 34
        """)
  }

  @Test("A sum in blocks")
  func blocks() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [2_000, 200])
    try b.output("y", try x.transposed([1, 0]).matrixProduct(b.input("d", [2_000, 2_000])))
    let text = try nest(b.graph).text
    #expect(
      text == """
        avx2: tiles of 4 of n × 3 or 2 vectors of t
        reduction over c<2000, 4 steps a round
        panels of p_d, packed in each step, one after the other
        blocks of 143 of c, all for one panel after the other
        tiles: t in 84, n in 50
        asks ahead for: epilogue, next panel
        """)
  }

  @Test("A convolution, whose inner loops are written out")
  func convolution() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [2, 12, 12, 3])
    let w = try b.input("w", [3, 3, 3, 16])
    try b.output("y", try x.convolution(w, WindowGeometry(kernel: [3, 3])))
    let text = try nest(b.graph).text
    #expect(
      text == """
        avx2: tiles of 5 of x × 2 vectors of t
        reduction over i<3, 1 steps a round, with jc written out
        panels of p_w, where it lies, all at once
        tiles: n in 2, y in 10, x in 2
        asks ahead for: epilogue
        """)
  }

  @Test("A transposed matrix, and one element")
  func transposed() throws {
    let b = GraphBuilder()
    try b.output("y", try b.input("x", [24, 21]).transposed([1, 0]))
    let text = try nest(b.graph).text
    #expect(
      text == """
        avx2: tiles of 7 of c × 1 vector of n, squares with c transposed
        tiles: c in 3, n in 3
        """)
    let c = GraphBuilder()
    try c.output("y", try c.input("x", [1]) + 1)
    let one = try nest(c.graph).text
    #expect(one == "avx2: one element, 1 row")
  }

  @Test("The maximum over a small window")
  func maximum() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [2, 24, 24, 16])
    try b.output("y", try x.maximumPooling(WindowGeometry(kernel: [2, 2], strides: [2, 2])))
    let text = try nest(b.graph).text
    #expect(
      text == """
        avx2: tiles of 12 of x × 2 vectors of c
        the window is written out
        tiles: ny in 24
        """)
  }
}
