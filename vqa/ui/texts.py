"""Every word on the page, in English and Simplified Chinese, and which of the two a visitor reads."""

LANGUAGES = {"en": "English", "zh": "简体中文"}

TEXTS: dict[str, tuple[str, str]] = {
    # the frame
    "title": ("Ask a photograph", "向照片提问"),
    "subtitle": (
        "Ask about a photo, see where the model looked, and compare it with a twin that never learned to match "
        "pictures with words.",
        "就一张照片提问，看看模型关注了哪里，再与一个从未学过图文匹配的孪生模型比较。",
    ),
    "language": ("Language", "语言"),
    "tab.ask": ("Ask", "提问"),
    "tab.lab": ("Alignment lab", "对齐实验室"),
    "tab.results": ("Results", "结果"),
    "tab.how": ("How it works", "工作原理"),
    "aligned": ("aligned", "对齐"),
    "unaligned": ("unaligned", "未对齐"),
    "compare": ("both", "两者"),
    # asking
    "photo": ("Photograph", "照片"),
    "photo.drop": (
        "Your photo: drop it here, or click\nIt stays here and is deleted in an hour",
        "你的照片：拖到这里，或点击选择\n照片只留在本机，一小时后删除",
    ),
    "examples": ("Or try one of these", "或试试这些照片"),
    "examples.drawings": ("Drawings", "绘图"),
    "question": ("Question", "问题"),
    "question.hint": ("What do you want to know? Press Enter to ask.", "你想知道什么？请用英语提问，按回车发送。"),
    "suggestions": ("Questions for this photo, click to ask", "适合这张照片的问题（英文），点击即可提问"),
    "ask": ("Ask", "提问"),
    "variant": ("Model", "模型"),
    "variant.info": (
        "Same architecture, same data, same training. Only aligned also learned to match photos with captions.",
        "相同的结构、相同的数据、相同的训练。只有“对齐”模型还学习了将照片与描述相匹配。",
    ),
    "among": ("Choose among (optional)", "限定答案（可选）"),
    "among.hint": ("e.g. cat, dog, bird", "例如：cat, dog, bird"),
    "among.many": ("At most {limit} answers can be chosen among.", "最多可限定 {limit} 个答案。"),
    "among.long": ("“{answer}” is too long for an answer.", "“{answer}”太长，不能作为答案。"),
    "among.foreign": (
        "“{answer}” is not English. The model answers in English only.",
        "“{answer}”不是英语。模型只用英语回答。",
    ),
    "describe": ("Describe this picture", "描述这张图片"),
    "describe.weakness": (
        "The model learned captions from few photos. It often names things that are not there.",
        "模型只从少量照片中学习过描述，常常会说出图中没有的东西。",
    ),
    "link": ("Link to this result", "此结果的链接"),
    "welcome": (
        "Choose a photograph, then ask about it. The answer appears here, with how sure the model is.",
        "先选择一张照片，再提出问题。答案以及模型的把握程度会显示在这里。",
    ),
    "ready": (
        "Photo ready. Ask as many questions as you like. (Read once, in {ms} ms.)",
        "照片已就绪，可以随意提问。（只需读取一次，用时 {ms} 毫秒。）",
    ),
    "photo.none": ("Choose a photograph first.", "请先选择一张照片。"),
    "photo.bad": (
        "This photograph cannot be used. {detail}",
        "无法使用这张照片，请换一张 JPEG、PNG 或 WebP 图片。（{detail}）",
    ),
    "question.none": ("Type a question about the photograph first.", "请先输入关于这张照片的问题。"),
    "question.long": (
        "The question has {count} characters. Please shorten it to at most {limit}.",
        "问题共有 {count} 个字符，最多 {limit} 个。",
    ),
    "question.tokens": (
        "The question has {count} tokens (words, parts of words and signs). Please shorten it to at most {limit}.",
        "问题共有 {count} 个词元（词、词的部分和符号），最多 {limit} 个。",
    ),
    "question.foreign": (
        "The model reads English only. Please ask in English, for example “What color is the cat?”",
        "模型只能理解英语。请用英语提问，例如 “What color is the cat?”",
    ),
    # the answer
    "answer": ("Answer", "答案"),
    "sure.very": ("very sure", "非常有把握"),
    "sure.fairly": ("fairly sure", "比较有把握"),
    "sure.leaning": ("leaning this way", "可能是"),
    "sure.guess": ("a guess", "猜测"),
    "confidence": ("confidence {percent}", "置信度 {percent}"),
    "top": ("The most likely answers", "最可能的答案"),
    "question_only.same": (
        "Without the photo it would say the same: {answer} ({percent}). The words of the question may be all it used.",
        "不看照片时，模型的回答相同：{answer}（{percent}）。它可能只用到了问题中的文字。",
    ),
    "question_only.surer": (
        "Without the photo it would guess the same, at {percent}; the photo made it {now}.",
        "不看照片时，模型也会猜同样的答案，概率为 {percent}；看了照片后为 {now}。",
    ),
    "question_only.other": (
        "Without the photo it would say {answer} ({percent}). The photo changed its mind.",
        "不看照片时，模型会回答 {answer}（{percent}）。照片改变了它的判断。",
    ),
    "question_only.unsure": (
        "Without the photo its first guess would be {answer} ({percent}).",
        "不看照片时，它的第一个猜测是 {answer}（{percent}）。",
    ),
    "unknown": ("I don't know", "我不知道"),
    "unknown.guess": ("My guess would be “{answer}”.", "要猜的话，是“{answer}”。"),
    "choices": ("Chosen among: {answers}.", "在以下答案中选择：{answers}。"),
    "choices.listed": (
        "Only your answers were allowed: {answers}. The remainder to 100 % is the probability of others.",
        "只允许你列出的答案：{answers}。与 100% 之差是其他所有答案的概率。",
    ),
    "say": ("Answer: {answer}, {percent}, {sure}", "答案：{answer}，{percent}，{sure}"),
    "feedback": ("Wrong? Right would be …", "答错了？正确答案是……"),
    "feedback.hint": ("e.g. a lion", "例如：a lion"),
    "feedback.keep": ("Note it", "记下"),
    "feedback.kept": (
        "Noted for this visit: “{answer}”. To keep it, save the result as JSON: the training program reads such files.",
        "已在本次访问中记下：“{answer}”。要保留它，请将结果保存为 JSON，训练程序可以读取此类文件。",
    ),
    "times": ("Time for this answer: {total} ms", "本次回答用时：{total} 毫秒"),
    "time.image": ("image", "图像"),
    "time.question": ("question", "问题"),
    "time.fusion": ("fusion", "融合"),
    "time.decode": ("decoding", "解码"),
    "time.kept": (
        "Photo already encoded: {total} ms instead of {full} ms",
        "照片已编码：用时 {total} 毫秒，而非 {full} 毫秒",
    ),
    "history": ("Asked about this photograph", "关于这张照片的提问记录"),
    "export": ("Save this result as JSON", "将此结果保存为 JSON"),
    # maps
    "maps": ("Where it looked", "它看了哪里"),
    "map.mode": ("Heatmap", "热力图"),
    "map.off": ("off", "关闭"),
    "map.attention": ("attention", "注意力"),
    "map.relevance": ("relevance", "相关性"),
    "map.occlusion": ("occlusion (slow)", "遮挡（较慢）"),
    "map.same_scale": ("Same scale for both models", "两个模型使用同一色标"),
    "map.working": ("Hiding patches, {done} of {steps}", "正在遮住图块，第 {done} / {steps} 步"),
    "map.cancel": ("Cancel", "取消"),
    "map.cancelled": ("Cancelled. The map before is still shown.", "已取消，仍显示之前的图。"),
    "map.rollout.note": (
        "Rollout multiplies all layers. It hardly depends on the answer.",
        "Rollout 将所有层的注意力相乘，几乎不取决于答案。",
    ),
    "map.fusion.note": (
        "This layer works before an answer is chosen: its map is the same for every answer.",
        "这一层在选出答案之前工作：对任何答案，它的图都相同。",
    ),
    "map.heads": ("Maps of all heads of this layer", "这一层所有头的图"),
    "map.heads.show": ("Show all heads", "显示所有头"),
    "map.head.n": ("head {n}", "第 {n} 个头"),
    "map.why": ("Why {answer}?", "为什么是 {answer}？"),
    "map.versus": ("Why {answer}, and not {other}?", "为什么是 {answer}，而不是 {other}？"),
    "map.of.rival": ("The areas that speak for “{text}”.", "支持“{text}”的区域。"),
    "map.of.difference": (
        "Yellow speaks for “{text}”, blue for “{other}”.",
        "黄色支持“{text}”，蓝色支持“{other}”。",
    ),
    "map.no.difference": (
        "There is no difference: this kind of map is the same for both answers. Relevance tells them apart.",
        "没有差异：这种图对两个答案相同。请选择“相关性”来区分。",
    ),
    "map.scale.difference": ("difference of the two shares, for one patch", "单个图块两种占比之差"),
    "map.scale.occlusion": ("fall of the answer's log probability when hidden", "遮住后答案对数概率的下降"),
    "map.save.png": ("Save as PNG", "保存为 PNG"),
    "map.save.svg": ("Save as SVG", "保存为 SVG"),
    "map.figure": (
        "“{question}” {answer}, {percent} ({variant}, {method}). {what}",
        "问：“{question}”答：{answer}，{percent}（{variant}，{method}）。{what}",
    ),
    "map.plain": ("The photo", "照片"),
    "bar.hint": ("Click an answer to see the areas that speak for it.", "点击一个答案，查看支持它的区域。"),
    "hide.mode": ("Hide patches by clicking the photo", "点击照片以遮住图块"),
    "hide.ask": ("Ask again without them", "遮住后再问一次"),
    "hide.clear": ("Show all again", "全部恢复"),
    "hide.none": ("Click patches of the photo to hide them first.", "请先点击照片，选择要遮住的图块。"),
    "hide.count": ("{count} of {all} patches hidden", "已遮住 {count} / {all} 个图块"),
    "hide.before": ("before: {answer}, {percent}", "之前：{answer}，{percent}"),
    "hide.now": ("now: {answer}, {percent}", "现在：{answer}，{percent}"),
    "map.layer": ("Layer", "层"),
    "map.layer.rollout": ("all, rolled out", "全部层（rollout 累积）"),
    "map.layer.mean": ("all, averaged", "全部层（取平均）"),
    "map.layer.fusion": ("co-attention {n}", "协同注意力 {n}"),
    "map.layer.decoder": ("decoder {n}", "解码器 {n}"),
    "map.head": ("Head", "头"),
    "map.head.mean": ("mean", "平均"),
    "map.opacity": ("Opacity", "不透明度"),
    "map.whole": ("whole answer", "完整答案"),
    "map.words": ("Words of the question", "问题中的词"),
    "map.pieces": ("Pieces of the answer", "答案的片段"),
    "map.hint": (
        "Click a word, a piece of the answer, or a spot of the picture. By keyboard: arrow keys move, Enter reads.",
        "点击问题中的词、答案的片段，或图片上的一处。键盘：方向键移动，回车读取。",
    ),
    "map.of.answer": ("The areas that mattered most for “{text}”.", "对“{text}”最重要的区域。"),
    "map.of.word": ("The patches that the word “{text}” reads.", "词语“{text}”所关注的图块。"),
    "map.of.piece": ("The patches behind the piece “{text}” of the answer.", "答案片段“{text}”所依据的图块。"),
    "map.of.spot": (
        "The words that the spot in row {row}, column {column} reads: {words}.",
        "第 {row} 行第 {column} 列的图块所关注的词：{words}。",
    ),
    "map.flat": (
        "This map is nearly flat: the model looked everywhere about equally.",
        "这张图几乎是平的：模型对各处的关注大致相同。",
    ),
    "map.faint": (
        "On the shared scale this map is faint: its patches weigh less than the other's.",
        "在共同的色标下这张图很淡：它的图块不如另一张图的重要。",
    ),
    "map.alt": ("Heatmap over the photograph, {method}. {what}", "照片上的热力图（{method}）。{what}"),
    "map.scale": ("share of the whole map, for one patch", "单个图块占整张图的比例"),
    # test of a map
    "test": ("Test this map", "检验这张图"),
    "test.hint": (
        "Hides the marked patches step by step, and as many random ones, and watches the answer's probability.",
        "逐步遮住热力图标出的图块以及同样多的随机图块，观察答案概率的变化。",
    ),
    "test.holds": (
        "This map passes the test: hiding what it marks makes “{answer}” less likely than hiding random patches does.",
        "这张图通过检验：遮住它标出的图块，比遮住随机图块更能降低“{answer}”的概率。",
    ),
    "test.fails": (
        "This map fails the test for this question: hiding what it marks lowers “{answer}” no more than hiding random "
        "patches does.",
        "对这个问题，这张图未通过检验：遮住它标出的图块，并不比遮住随机图块更能降低“{answer}”的概率。",
    ),
    "test.chosen": (
        "The curves show its probability before the answer was chosen among {answers}, which made it {percent}.",
        "曲线是选择之前的概率；在 {answers} 中选择之后为 {percent}。",
    ),
    "test.map": ("marked patches hidden", "遮住标出的图块"),
    "test.random": ("random patches hidden", "遮住随机图块"),
    "test.x": ("share of the photograph hidden", "照片被遮住的比例"),
    "test.y": ("probability of the answer", "答案的概率"),
    # comparing
    "cosine": ("Photograph and question in the shared space", "照片与问题的跨模态相似度"),
    "cosine.value": ("cosine similarity {value}", "余弦相似度 {value}"),
    "cosine.alt": (
        "Cosine similarity of “{text}” with each patch of the photograph, {variant}.",
        "“{text}”与照片各图块的余弦相似度（{variant}）。",
    ),
    "cosine.scale": ("cosine of a patch", "图块的余弦值"),
    "cosine.words": ("all words", "所有词"),
    "verdict": ("What the difference means", "差异说明了什么"),
    "verdict.same": ("Both models answer “{answer}”.", "两个模型都回答“{answer}”。"),
    "verdict.differ": (
        "They disagree: aligned says “{aligned}”, unaligned “{unaligned}”. One question does not show which is better.",
        "两者不一致：对齐模型回答“{aligned}”，未对齐模型回答“{unaligned}”。仅凭一个问题无法判断哪个更好。",
    ),
    "verdict.surer": (
        "On this question, {variant} is the surer one ({more} against {less}).",
        "在这个问题上，{variant}模型更有把握（{more} 对 {less}）。",
    ),
    "verdict.even": ("They are equally sure.", "两者把握相当。"),
    # the lab
    "lab.intro": (
        "Alignment teaches a model to put a photo and the words that describe it close together in one space. Compare "
        "the two models on the examples, or on your own photos and lines. Your photos are kept for this visit only.",
        "对齐训练让模型把照片和描述它的文字放在同一空间中相近的位置。可以用示例，也可以用你自己的照片和文字来比较两个模型。"
        "你的照片只在本次访问期间保留。",
    ),
    "lab.what.aligned": (
        "learned to match photos with captions",
        "学习过照片与文字的匹配",
    ),
    "lab.what.unaligned": (
        "a twin trained without that: its two encoders never met",
        "未学习匹配的同款模型：两个编码器从未对齐",
    ),
    "lab.files": ("Your photos (up to {most}, {megabytes} MB in all)", "你的照片（最多 {most} 张，共 {megabytes} MB）"),
    "lab.lines": (
        "Labels or captions in English, one a line (up to {most})",
        "英文标签或描述，每行一条（最多 {most} 条）",
    ),
    "lab.lines.hint": (
        "a photo of a dog\na photo of a bus\nfood on a plate",
        "例如（每行一条）：\na photo of a dog\nfood on a plate",
    ),
    "lab.compare": ("Use these lines", "使用这些文字"),
    "lab.reset": ("Back to the examples", "恢复示例"),
    "lab.paired": ("Line 1 describes photo 1, line 2 photo 2, and so on", "第 1 行描述第 1 张照片，依此类推"),
    "lab.too_many": ("Only the first {most} are used.", "最多使用前 {most} 项。"),
    "lab.photos.count": ("Photos: {count}. Click one to open it.", "共 {count} 张照片，点击可放大查看。"),
    "lab.photo": ("photo “{name}”", "照片“{name}”"),
    "lab.close": ("Close", "关闭"),
    "lab.text": ("line", "文字"),
    "lab.nothing": ("Add photos and lines to compare them.", "请添加照片和文字后再进行比较。"),
    "lab.two_photos": ("This needs two photos or more.", "至少需要两张照片。"),
    "lab.no_curve": (
        "These weights came without the pairs that this probability is measured on.",
        "这组权重没有附带计算该概率所需的图文对。",
    ),
    "lab.classify": ("Which line fits which photo? (zero-shot classification)", "哪条文字符合哪张照片？（零样本分类）"),
    "lab.classify.what": (
        "Softmax shares 100 % among the lines. A line's own probability (sigmoid) does not depend on the other lines: "
        "it says how often a pair with this cosine belonged together in the validation set, half of whose pairs did.",
        "softmax 将 100% 分配给各条文字。每条文字自身的概率（sigmoid）与其他文字无关："
        "它表示在验证集（一半为匹配对）中，具有该余弦值的图文对属于匹配的比例。",
    ),
    "lab.matrix.alt": (
        "Table of photos (rows) and lines (columns), {variant}",
        "照片（行）与文字（列）的表格（{variant}）",
    ),
    "lab.show": ("Show", "显示"),
    "lab.show.cosine": ("cosine", "余弦相似度"),
    "lab.show.softmax": ("softmax", "softmax 概率"),
    "lab.show.sigmoid": ("own probability", "自身概率"),
    "lab.temperature": ("Temperature", "温度"),
    "lab.temperature.info": (
        "Cosines are divided by it before the softmax: low is sharp, high is even.",
        "余弦值先除以温度再取 softmax：温度越低分布越集中，越高越均匀。",
    ),
    "lab.loss": (
        "InfoNCE loss {loss} (chance is {chance}). The right line comes first for {right} of {count} photos.",
        "InfoNCE 损失 {loss}（随机水平为 {chance}）。{count} 张照片中有 {right} 张的正确文字排在第一。",
    ),
    "lab.search": ("Search the photos by text", "用文字搜索照片"),
    "lab.search.what": (
        "Both models sort the photos by their cosine with your words.",
        "两个模型分别按照片与文字的余弦相似度排序。",
    ),
    "lab.query": ("What are you looking for? In English", "想找什么？（请用英语）"),
    "lab.query.hint": ("e.g. an animal with whiskers", "例如：an animal with whiskers"),
    "lab.find": ("Find", "查找"),
    "lab.found": ("Nearest photos to “{text}”", "与“{text}”最接近的照片"),
    "lab.map": ("Photos and lines on a plane", "平面上的照片与文字"),
    "lab.map.what": (
        "The two directions in which each model's vectors differ most (principal components). A click opens a photo.",
        "各模型向量差异最大的两个方向（主成分）。点击照片可放大查看。",
    ),
    "lab.map.caption": (
        "Diamonds are lines. Where photos and lines form two separate clouds, words do not find photos.",
        "菱形表示文字。如果照片与文字各自聚成一团，就无法以文找图。",
    ),
    "lab.map.caption.pairs": (
        "Diamonds are lines; a stroke joins a photo with its own line. Short strokes mean good alignment.",
        "菱形表示文字，连线连接照片与其对应的文字。连线越短，对齐越好。",
    ),
    "lab.map.alt": (
        "Scatter plot of {photos} photos and {texts} lines, {variant}",
        "{photos} 张照片与 {texts} 条文字的散点图（{variant}）",
    ),
    "lab.similar": ("Photo by photo", "照片之间的相似度"),
    "lab.similar.what": (
        "The cosine of each photo with every other one. No words take part.",
        "每张照片与其他照片的余弦相似度，不涉及文字。",
    ),
    "lab.similar.alt": (
        "Table of photos against photos, {variant}",
        "照片与照片的相似度表格（{variant}）",
    ),
    "lab.figures": ("The two spaces in figures", "两个空间的数据"),
    "lab.figures.what": (
        "What is measured of a shared space, here and on the test set.",
        "对共享空间的测量：当前的这些照片与测试集。",
    ),
    "lab.figure": ("figure", "指标"),
    "lab.alignment": ("alignment: distance of matching pairs, lower is better", "对齐度：匹配对的距离，越低越好"),
    "lab.uniformity.images": ("uniformity of photos, lower is more even", "照片的均匀度，越低越均匀"),
    "lab.uniformity.texts": ("uniformity of lines", "文字的均匀度"),
    "lab.gap": ("modality gap: distance of the two centres", "模态间隙：两个中心的距离"),
    "lab.here": ("here", "当前"),
    "lab.test": ("test set", "测试集"),
    "lab.csv": ("Save each photo with each line as CSV", "将每张照片与每条文字的数值保存为 CSV"),
    # results
    "results.none": (
        "There are no measurements beside these weights yet. python -m vqa evaluate makes eval.json, and this page "
        "shows it.",
        "这些权重还没有测量结果。运行 python -m vqa evaluate 会生成 eval.json，本页将显示其内容。",
    ),
    "results.missing": ("No eval.json for {names}.", "缺少 {names} 的 eval.json。"),
    "results.summary": (
        "What alignment changes: the aligned model puts a photograph's own caption first for {aligned_first} of the "
        "photographs, the unaligned one for {unaligned_first}. Of the {count:,} questions below, they answer "
        "{aligned_right} and {unaligned_right} correctly.",
        "对齐带来的变化：对齐模型把照片自己的描述排在第一的比例为 {aligned_first}，未对齐模型为 {unaligned_first}。"
        "下列 {count:,} 个问题中，两者分别答对 {aligned_right} 和 {unaligned_right}。",
    ),
    "results.accuracy": ("Accuracy", "正确率"),
    "results.accuracy.new": ("Accuracy on photographs the model never saw", "在模型从未见过的照片上的正确率"),
    "results.accuracy.seen": (
        "Accuracy. The model was trained on {seen:,} of the {photographs:,} photographs",
        "正确率。{photographs:,} 张照片中有 {seen:,} 张参与过训练",
    ),
    "results.benchmark": ("benchmark", "基准"),
    "results.count": ("questions", "问题数"),
    "results.question_only": ("question only", "仅看问题"),
    "results.soft": ("soft accuracy (ten people)", "软正确率（十人标注）"),
    "results.single": ("single-word answers", "单个词的答案"),
    "results.wups.9": ("single-word, WUPS 0.9", "单个词的答案，WUPS 0.9"),
    "results.wups.0": ("single-word, WUPS 0.0", "单个词的答案，WUPS 0.0"),
    "results.image_to_text": ("caption of a photograph", "以图找文"),
    "results.text_to_image": ("photograph of a caption", "以文找图"),
    "results.types": ("By kind of question", "按问题类型"),
    "results.type": ("kind", "类型"),
    "type.object": ("object", "物体"),
    "type.color": ("color", "颜色"),
    "type.number": ("number", "数量"),
    "type.location": ("location", "位置"),
    "type.yes/no": ("yes/no", "是非"),
    "type.other": ("other", "其他"),
    "type.statement": ("statement", "陈述"),
    "type.vqa": ("people's questions", "人工提问"),
    "type.action": ("action", "动作"),
    "type.count": ("count", "计数"),
    "type.scene": ("scene", "场景"),
    "type.what": ("what", "事物"),
    "results.reliability": (
        "When it says 70 %, is it right 70 % of the time?",
        "它说有 70% 把握时，真的有 70% 正确吗？",
    ),
    "results.reliability.caption": (
        "Each dot is a group of answers, its size their number. On the line, confidence equals accuracy; below it, the "
        "model is too sure. Expected calibration error: {values}.",
        "每个圆点是一组答案，大小表示数量。落在线上表示置信度等于正确率；落在线下表示模型过于自信。期望校准误差：{values}。",
    ),
    "results.reliability.alt": (
        "Reliability plot: accuracy against confidence, {variant}.",
        "可靠性图：正确率与置信度（{variant}）。",
    ),
    "results.confidence": ("confidence", "置信度"),
    "results.right": ("share that is right", "正确的比例"),
    "results.retrieval": ("Finding the right caption or photograph", "图文检索"),
    "results.space": ("The shared space", "共同空间"),
    "results.from": (
        "Measured on the {split} split by python -m vqa evaluate, commit {commit}.",
        "由 python -m vqa evaluate 在 {split} 集上测得，提交 {commit}。",
    ),
    "results.interval": ("Brackets: 95 % interval.", "方括号内为 95% 置信区间。"),
    # captions ranked by both models, and the cases in which they differ
    "rank": ("Which caption fits this photo?", "哪条描述符合这张照片？"),
    "rank.what": (
        "Each model sorts four captions by how well they fit; the shares are a softmax of the cosines.",
        "每个模型按符合程度对四条描述排序，比例为余弦相似度的 softmax。",
    ),
    "rank.none": (
        "Write a line about your photo below: it joins three captions of other photos, and both models rank the four.",
        "请在下方为你的照片写一句英文描述，它将与另外三张照片的描述一起由两个模型排序。",
    ),
    "rank.first": (
        "{variant}: the right caption comes first of {count}",
        "{variant}模型：正确描述在 {count} 条中排第一",
    ),
    "rank.later": (
        "{variant}: the right caption comes in place {place} of {count}",
        "{variant}模型：正确描述在 {count} 条中排第 {place}",
    ),
    "rank.right": ("right", "正确"),
    "rank.wrong": ("wrong", "错误"),
    "rank.own": ("your line", "你写的描述"),
    "rank.yours": ("your line", "你写的描述"),
    "rank.line": ("Your own line about this photo, in English", "你对这张照片的描述（英文）"),
    "rank.line.hint": ("e.g. an animal with green eyes", "例如：an animal with green eyes"),
    "rank.add": ("Rank it too", "加入排序"),
    "contrast": ("What alignment changes: three cases", "对齐带来的变化：三个例子"),
    "contrast.what": (
        "Measured on {count} questions about the examples. One case does not say which model is better; Results does.",
        "由示例照片的 {count} 个问题测得。单个例子不能说明哪个模型更好，请看“结果”。",
    ),
    "contrast.helps": ("Alignment helps", "对齐有帮助"),
    "contrast.hurts": ("Alignment hurts", "对齐反而有害"),
    "contrast.same": ("It makes no difference", "没有区别"),
    # how it works
    "how.walk": ("One example, step by step", "一个示例，逐步演示"),
    "how.walk.what": (
        "These are the real numbers of one photo and one question in the {variant} model. One patch and one word are "
        "followed all the way.",
        "以下是一张照片和一个问题在{variant}模型中的真实数值，并全程跟踪一个图块和一个词。",
    ),
    "how.step.patches": ("Patches", "图块"),
    "how.step.words": ("Words", "词"),
    "how.step.space": ("Shared space", "共享空间"),
    "how.step.head": ("One attention head", "一个注意力头"),
    "how.step.fused": ("Fused tokens", "融合后的表示"),
    "how.step.pieces": ("Answer", "答案"),
    "how.back": ("Back", "上一步"),
    "how.next": ("Next", "下一步"),
    "how.all": ("The whole way", "完整流程"),
    "how.patches": (
        "The photo is brought to {side} × {side} pixels. The Vision Transformer turns it into {rows} × {columns} = "
        "{count} patches, each a vector that also knows of the others. This happens once; all questions reuse it.",
        "照片被缩放为 {side} × {side} 像素，视觉 Transformer 将其变为 {rows} × {columns} = {count} 个图块，"
        "每个图块是一个向量，并包含其他图块的信息。这一步只做一次，之后的所有问题都会复用。",
    ),
    "how.patch": (
        "The framed patch, in row {row}, column {column}, is the one we follow.",
        "加框的图块（第 {row} 行第 {column} 列）就是我们要跟踪的图块。",
    ),
    "how.patches.alt": (
        "The photo with a grid of {rows} × {columns} patches",
        "带有 {rows} × {columns} 图块网格的照片",
    ),
    "how.words": (
        "The question becomes {count} word pieces with their numbers in BERT's vocabulary. BERT turns each into a "
        "vector that depends on the whole question.",
        "问题被切成 {count} 个词片，下方是它们在 BERT 词表中的编号。BERT 将每个词片变为一个依赖整个问题的向量。",
    ),
    "how.word": ("We follow the word “{word}”.", "我们跟踪的词是“{word}”。"),
    "how.space": (
        "A projection brings each side to {width} numbers, so that patches and words can be compared by their cosine. "
        "Their means, scaled to length 1, stand for the whole photo and the whole question.",
        "投影层把两侧都变为 {width} 维，于是图块和词可以用余弦相似度比较。"
        "取平均并归一化后，分别代表整张照片和整个问题。",
    ),
    "how.space.aligned": (
        "Aligned: the cosine of photo and question is {cosine}. This model learned to bring matching pairs together.",
        "对齐模型：照片与问题的余弦相似度为 {cosine}。它学习过让匹配的图文相互靠近。",
    ),
    "how.space.unaligned": (
        "Unaligned: {cosine}. Its projections only turn and scale what the encoders say, so the number means nothing.",
        "未对齐模型：{cosine}。它的投影只是旋转和缩放编码器的输出，因此这个数值没有意义。",
    ),
    "how.space.map": (
        "Cosine of “{word}” with each patch, from {low} to {high}",
        "“{word}”与各图块的余弦相似度，从 {low} 到 {high}",
    ),
    "how.space.alt": (
        "Map over the photo: cosine of “{word}” with each patch",
        "照片上的图：“{word}”与各图块的余弦相似度",
    ),
    "how.head": (
        "In co-attention every word asks every patch how well it fits. A softmax turns the fits into shares that add "
        "up to 100 %, and the word takes in the patches by their shares. Patches read words in the same way.",
        "在协同注意力中，每个词询问每个图块与自己有多相符，softmax 将其变为总和 100% 的比例，词再按比例读取图块。"
        "图块也以同样的方式读取词。",
    ),
    "how.head.this": (
        "Here is head {head} of {heads} in block {block} of {blocks}: one small map for each word.",
        "这里是第 {block} 层（共 {blocks} 层）的第 {head} 个头（共 {heads} 个）：每个词一张小图。",
    ),
    "how.head.share": (
        "“{word}” gives {share} of its attention to the patch in row {row}, column {column}. An even share would be "
        "{even}.",
        "“{word}”把 {share} 的注意力给了第 {row} 行第 {column} 列的图块；平均分配时为 {even}。",
    ),
    "how.head.alt": (
        "Map over the photo: what the word “{word}” reads in this head",
        "照片上的图：在这个头中，词“{word}”读取了哪里",
    ),
    "how.fused": (
        "After all blocks every patch and every word also carries what it read on the other side.",
        "经过所有层之后，每个图块和每个词都带有从另一侧读到的内容。",
    ),
    "how.fused.turn": (
        "How far each word was turned by that (1 − cosine of before and after):",
        "每个词因此改变了多少（1 − 前后余弦相似度）：",
    ),
    "how.fused.map": ("Bright patches changed most.", "越亮的图块改变越大。"),
    "how.fused.alt": ("Map over the photo: how far each patch was turned", "照片上的图：各图块改变的程度"),
    "how.pieces": (
        "The decoder reads all fused tokens and writes the answer piece by piece. At each step it gives every one of "
        "its {pieces} pieces a probability, calibrated on validation questions.",
        "解码器读取所有融合后的表示，逐片写出答案。"
        "每一步都为词表中的 {pieces} 个片段各给出一个概率，并在验证集上校准。",
    ),
    "how.pieces.step": ("Step {number}: {piece}", "第 {number} 步：{piece}"),
    "how.pieces.end": ("(end)", "（结束）"),
    "how.pieces.reads": (
        "Of its attention {patches} went to the photo and {words} to the question.",
        "注意力中 {patches} 给了照片，{words} 给了问题。",
    ),
    "how.pieces.total": (
        "{product} = {probability}: the probability of “{answer}”",
        "{product} = {probability}：即“{answer}”的概率",
    ),
    "how.stage.pixels": ("pixels", "像素"),
    "how.stage.image_states": ("patches from the ViT", "ViT 输出的图块"),
    "how.stage.text_states": ("words from BERT", "BERT 输出的词"),
    "how.stage.image_tokens": ("patches, projected", "投影后的图块"),
    "how.stage.text_tokens": ("words, projected", "投影后的词"),
    "how.stage.image_embed": ("the whole photo", "整张照片"),
    "how.stage.attn_text_to_image": ("shares: heads × words × patches", "比例：头 × 词 × 图块"),
    "how.stage.fused_image": ("patches, fused", "融合后的图块"),
    "how.stage.fused_text": ("words, fused", "融合后的词"),
    "how.alt": (
        "Diagram: the photograph goes through a Vision Transformer, the question through BERT; both are aligned, "
        "joined by co-attention, and decoded into an answer.",
        "示意图：照片经过视觉 Transformer，问题经过 BERT；二者对齐后由协同注意力融合，再解码为答案。",
    ),
}  # fmt: skip


class T(str):
    """The key of a text (and its values), standing where a component expects the text itself."""

    values: dict[str, object]

    def __new__(cls, key: str, **values: object) -> "T":
        self = super().__new__(cls, key)
        self.values = values
        return self


def text(language: str, key: str, **values: object) -> str:
    """The text of `key` in a language, with its values filled in."""
    english, chinese = TEXTS[key]
    return (chinese if language == "zh" else english).format(**values)


def language_of(accept_language: str | None) -> str:
    """Which language an Accept-Language header asks for: the first of ours that it lists, else English."""
    for entry in (accept_language or "").lower().split(","):
        tag = entry.split(";")[0].strip()
        if tag[:2] in LANGUAGES:
            return tag[:2]
    return "en"
