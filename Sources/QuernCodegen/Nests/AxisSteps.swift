/// How many steps along which axes of a nest: a place in a tile, or a tile's size. There are so few
/// that a list is looked through faster than a table is hashed.
struct AxisSteps: Hashable, ExpressibleByDictionaryLiteral {
  private struct Item: Hashable, BitwiseCopyable {
    var axis: Int
    var steps: Int
  }

  /// By ascending axis.
  private var items: [Item] = []

  init(dictionaryLiteral elements: (Int, Int)...) {
    for (axis, steps) in elements { self[axis] = steps }
  }

  /// Along one axis; nil where it has none.
  subscript(axis: Int) -> Int? {
    get { items.first { $0.axis == axis }?.steps }
    set {
      let place = items.firstIndex { $0.axis >= axis } ?? items.count
      let isKnown = place < items.count && items[place].axis == axis
      if isKnown { items.remove(at: place) }
      if let newValue { items.insert(Item(axis: axis, steps: newValue), at: place) }
    }
  }

  /// The same with another number of steps along one axis.
  func with(_ steps: Int, along axis: Int) -> Self {
    var result = self
    result[axis] = steps
    return result
  }

  /// Elements from where all steps are 0, for elements between neighbours along each axis.
  func distance(_ strides: [Int]) -> Int {
    var sum = 0
    for item in items { sum += strides[item.axis] * item.steps }
    return sum
  }

  /// The product of the steps.
  var count: Int { items.reduce(1) { $0 * $1.steps } }
}
