import QuernDrawing
import QuernImages
import QuernLayers

/// All that a page about a training run is made of; ``html`` is the page.
///
/// The page is one file that refers to nothing outside itself: drawings are SVG in it, pictures are
/// PNG as `data:` addresses, and there is no script. It is HTML as well as XML, and follows the
/// reader's choice of bright or dark.
public struct TrainingReport {
  /// How a network does on examples that it was not trained on.
  public struct Evaluation {
    /// What it was evaluated on, as in "on the test set".
    public var dataset: String
    /// Mean loss of an example.
    public var loss: Double
    /// A row for each actual class, a column for each prediction.
    public var confusion: [[Int]]
    /// Their names, or nil for their numbers.
    public var classNames: [String]?
    /// The most certain ones, or all.
    public var mistakes: [Mistake]

    public init(
      dataset: String, loss: Double, confusion: [[Int]], classNames: [String]? = nil,
      mistakes: [Mistake] = []
    ) {
      self.dataset = dataset
      self.loss = loss
      self.confusion = confusion
      self.classNames = classNames
      self.mistakes = mistakes
    }

    public var count: Int { confusion.joined().reduce(0, +) }
    public var correct: Int {
      confusion.enumerated().reduce(0) { sum, row in
        sum + (row.element.indices.contains(row.offset) ? row.element[row.offset] : 0)
      }
    }
    public var errorRate: Double {
      count == 0 ? 0 : Double(count - correct) / Double(count)
    }

    func name(_ label: Int) -> String {
      classNames.flatMap { $0.indices.contains(label) ? $0[label] : nil } ?? String(label)
    }
  }

  /// A picture that was taken for something else.
  public struct Mistake {
    /// Its place in the data set.
    public var index: Int
    public var picture: Picture
    public var actual: Int
    public var predicted: Int
    /// Of the prediction, as the network sees it.
    public var probability: Double

    public init(index: Int, picture: Picture, actual: Int, predicted: Int, probability: Double) {
      self.index = index
      self.picture = picture
      self.actual = actual
      self.predicted = predicted
      self.probability = probability
    }
  }

  /// What the first layer's neurons or filters look for.
  public struct Filters {
    public var sheet: Picture
    /// Which layer, how many of how many.
    public var caption: String

    public init(sheet: Picture, caption: String) {
      self.sheet = sheet
      self.caption = caption
    }
  }

  /// One kernel's part of a training step.
  public struct Kernel {
    public var name: String
    public var milliseconds: Double
    /// What the machine's multiply-adds or memory take at least.
    public var limitMilliseconds: Double
    /// 0 where there are no products.
    public var gigaflops: Double
    public var megabytes: Double

    public init(
      name: String, milliseconds: Double, limitMilliseconds: Double, gigaflops: Double,
      megabytes: Double
    ) {
      self.name = name
      self.milliseconds = milliseconds
      self.limitMilliseconds = limitMilliseconds
      self.gigaflops = gigaflops
      self.megabytes = megabytes
    }
  }

  public struct Setting {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The model's name.
  public var model: String
  /// How the run ended, such as "finished after 20 epochs".
  public var outcome: String
  /// What each epoch was evaluated on: "test" or "validation".
  public var evaluationName: String
  public var curves: LearningCurves
  /// Nil where nothing was evaluated.
  public var evaluation: Evaluation?
  /// Nil where the first layer does not look at pictures.
  public var filters: Filters?
  public var summary: NetworkSummary
  public var diagram: Diagram
  /// Empty where the network was not compiled.
  public var kernels: [Kernel]
  /// In the order they are shown.
  public var settings: [Setting]

  public init(
    model: String, outcome: String, evaluationName: String = "test", curves: LearningCurves,
    evaluation: Evaluation? = nil, filters: Filters? = nil, summary: NetworkSummary,
    diagram: Diagram, kernels: [Kernel] = [], settings: [Setting] = []
  ) {
    self.model = model
    self.outcome = outcome
    self.evaluationName = evaluationName
    self.curves = curves
    self.evaluation = evaluation
    self.filters = filters
    self.summary = summary
    self.diagram = diagram
    self.kernels = kernels
    self.settings = settings
  }
}
