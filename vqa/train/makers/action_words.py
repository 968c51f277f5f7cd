"""Words of what people and animals do: the forms of verbs, what goes with what, and what is worn where."""

from vqa.train.makers.captions import table

# The form in "-ing" of other forms, and one word for those that say the same.
DOING = dict(
    pair.split()
    for pair in """
    rides riding, runs running, sits sitting, stands standing, lies lying, lays lying, walks walking, jumps jumping,
    leaps jumping, flies flying, swims swimming, sleeps sleeping, eats eating, drinks drinking, holds holding,
    wears wearing, carries carrying, throws throwing, catches catching, pulls pulling, pushes pushing, drives driving,
    cuts cutting, hits hitting, swings swinging, kicks kicking, chases chasing, reads reading, plays playing,
    looks looking, leans leaning, poses posing, smiles smiling, climbs climbing, surfs surfing, skis skiing,
    talks talking, grazes grazing, rests lying, laying lying, leaping jumping, asleep sleeping, seated sitting,
    perched sitting, resting lying, sit sitting, stand standing, walk walking, run running, play playing, eat eating,
    ride riding, jump jumping, graze grazing, fly flying, swim swimming, hold holding, wear wearing,
    snowboards snowboarding, skateboards skateboarding, dances dancing, crawls crawling""".split(",")
)
DONE = table("""
    sitting:
    standing:
    lying down: lying
    walking:
    running:
    jumping:
    flying:
    swimming:
    sleeping: sleeping, lying asleep
    eating: eating, grazing
    drinking:
    surfing: surfing, riding a wave, riding waves, riding the wave, riding on a wave, riding a surfboard
    skiing: skiing, cross country skiing
    snowboarding: snowboarding, riding a snowboard
    skateboarding: skateboarding, riding a skateboard, riding his skateboard
    cooking: cooking, preparing food
    reading:
    smiling:
    posing:
    climbing:
    dancing:
    playing tennis:
    playing baseball:
    playing soccer:
    playing frisbee:
    playing guitar: playing a guitar, playing the guitar, playing guitar
    playing wii: playing wii, playing a video game, playing video games, playing nintendo wii
    riding horse: riding a horse, riding on a horse, riding horses
    riding bike: riding a bike, riding a bicycle, riding his bike, riding bikes, riding bicycles, riding her bike
    riding motorcycle: riding a motorcycle, riding on a motorcycle, riding motorcycles
    riding elephant: riding an elephant, riding on an elephant, riding elephants
    flying kite: flying a kite, flying kites
    talking on phone: talking on a cell phone, talking on a phone, talking on the phone, talking on her cell phone,
        talking on his cell phone
    brushing teeth: brushing his teeth, brushing her teeth, brushing their teeth
    throwing frisbee: throwing a frisbee
    throwing ball: throwing a ball, throwing a baseball, throwing the ball, pitching a baseball, pitching
    catching frisbee: catching a frisbee, catching the frisbee
    swinging bat: swinging a bat, swinging a baseball bat, swinging at a ball, swinging at a pitch
    swinging racket: swinging a tennis racket, swinging a racket, swinging a tennis racquet, swinging a racquet
    hitting ball: hitting a tennis ball, hitting a ball, hitting the ball
    cutting cake: cutting a cake, cutting cake, cutting a birthday cake, cutting a wedding cake
    cutting pizza: cutting a pizza, slicing a pizza
    crawling:
""")
# Nobody does two of a line at a time. Of a man who stands and eats no caption need tell both.
NEVER_AT_ONCE = """
    sitting|standing|lying down|walking|running|flying|swimming|climbing
    sitting|lying down|walking|swimming|surfing|skiing|climbing
    sitting|standing|jumping|lying down
    sleeping|eating|running|jumping|reading|surfing|skiing|riding horse|riding bike|playing tennis|playing baseball
    sleeping|cooking|dancing|flying kite|playing wii|playing soccer|brushing teeth|talking on phone|cutting cake
    reading|drinking|running|brushing teeth|cooking|cutting cake|riding horse|riding bike|playing tennis
    surfing|skiing|snowboarding|skateboarding|playing tennis|playing baseball|playing soccer|playing frisbee
    surfing|riding horse|riding bike|riding motorcycle|riding elephant|flying kite|swimming|playing guitar|sleeping
    lying down|walking|jumping|riding horse|riding motorcycle|riding bike|skateboarding|playing tennis|skiing
"""
# What is too much alike, or goes together, to be denied where the other is said.
ALIKE = """
    bench|chair|couch|seat|sofa|stool|table
    bed|blanket|pillow|couch|mattress|sheet|sofa
    table|desk|counter|laptop|computer|keyboard|chair
    grass|ground|field|hill|hillside|dirt|lawn|area|leaves|yard|pasture
    floor|ground|carpet|rug|mat
    road|street|ground|sidewalk|path|pavement|dirt|track|bench
    snow|slope|hill|mountain|ground|snowboard|skis|board
    sand|beach|ground|water
    wave|surfboard|board|water
    board|surfboard|snowboard|skateboard
    skateboard|board|ramp|rail|railing
    ski|skis|poles|ski poles
    bike|bicycle|motorcycle|motorbike|scooter
    truck|car|vehicle|van|bus
    horse|pony|saddle
    phone|cell phone|remote|camera|controller
    racket|racquet|ball|tennis ball|tennis racket
    bat|ball|baseball bat|baseball|glove
    stick|ball|toy|bone|branch
    umbrella|bag|purse|suitcase|luggage
    cake|knife|plate|food
    food|pizza|slice|plate|box|sandwich|hot dog|cake|fruit|burger
    cup|mug|glass|drink|bottle|can
    grass|hay|leaves|plants|food
"""
UNCOUNTED = frozenset(
    "grass hay food broccoli cake fruit bread pizza water wine coffee snow dirt sand rice salad soup meat leaves cloth "
    "beer juice top".split()
)
WORN = table("""
    on {} head: hat, cap, helmet, hats, caps, helmets, crown, turban
    on {} face: glasses, sunglasses, goggles, mask
    around {} neck: tie, scarf, ties, necklace, bow tie
    on {} hands: gloves, mittens, glove
    on {} feet: shoes, boots, sandals, skates, skis, sneakers
""")
