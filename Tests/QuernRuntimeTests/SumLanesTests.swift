import QuernTestSupport
import Testing

/// Products with a matrix that is read along its rows, as the gradient by a dense layer's input reads its
/// weights: lanes run along the sums, or panels are packed.
@Suite struct SumLanesTests {
  @Test(
    "Whichever way, sums are right",
    arguments: [1, 2, 3, 4, 5, 6, 7, 8, 11, 13], [3, 31, 64, 101, 200])
  func agrees(rows: Int, inner: Int) throws {
    try expectAgreement(transposedProduct(rows, inner, 37))
  }

  @Test("Lanes that lie apart in both ways")
  func apart() throws {
    try expectAgreement(productOfLanesApart())
  }
}
